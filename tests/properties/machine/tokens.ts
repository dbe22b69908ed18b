import { sha256 } from '../../../lib/base/sha256.ts'
import { codeSealer } from '../../../lib/oauth/token/authorization-code.ts'
import { type Answer, jsonOf, soundAnswer } from '../invariants.ts'
import { expectCopy } from './documents.ts'
import { interleave, type StoreClient, storeClient } from './faulty-store.ts'
import { type Event, type GrantModel, remember } from './model.ts'
import type { TokenRequest } from './script.ts'
import { instanceOf, pick, type State, seconds } from './sign-in.ts'
import { header, type Instance, payload, type World } from './world.ts'

/** Sends the requests at once. `order` says how their store operations interleave. */
export async function sendAll(
  requests: readonly TokenRequest[],
  order: readonly number[],
  state: State,
): Promise<readonly Event[]> {
  const senders = requests.flatMap((request) => {
    const grant = pick(state.grants, request.kind === 'redeem' ? request.code : request.grant)
    return grant ? [(turn: () => Promise<void>) => sendOne(request, grant, turn, state)] : []
  })
  return (await interleave(order, senders)).flat()
}

async function sendOne(
  request: TokenRequest,
  grant: GrantModel,
  turn: () => Promise<void>,
  state: State,
): Promise<readonly Event[]> {
  const { world } = state
  const client = storeClient(turn, request.fault)
  if (request.kind === 'revoke') return sendRevocation(request, grant, client, state)
  const at = instanceOf(world, request.at)
  const presented = request.kind === 'redeem' ? codeOf(request, grant, world) : tokenOf(grant, request.age)
  if (presented === undefined) return []
  const generation = request.kind === 'redeem' ? -1 : world.inside(presented).generation
  const clientId = request.wrong === 'client' ? anotherClient(grant, at, state) : grant.client.id
  const expectedError = whatIsWrong(request, grant, presented, clientId, at, state)
  if (expectedError === undefined) {
    grant.asked.set(generation + 1, (grant.asked.get(generation + 1) ?? new Set()).add(world.now()))
  }
  const form = formOf(request, grant, presented, clientId)
  const answer = await world.faults.as(client, () => post(at, '/oauth/token', form))
  if (request.kind === 'redeem') await expectCopy(state, grant, at, client, answer)
  const scope = 'scope' in form ? form.scope : grant.scope
  if (answer.status === 200) grant.accessTokens.push(String(jsonOf(answer.text).access_token))
  const kind = request.kind
  const codeHash = kind === 'redeem' ? hashOfCode(presented, world) : undefined
  const event: Event = { kind, grant, generation, codeHash, expectedError, idle: false, scope, at, client, answer }
  const next = answer.status === 200 ? jsonOf(answer.text).refresh_token : undefined
  if (request.again === 0 || typeof next !== 'string') return [event]
  const reached = world.inside(next).generation
  remember(grant, reached, next)
  const following: TokenRequest = {
    kind: 'refresh',
    grant: state.grants.length - 1 - state.grants.indexOf(grant),
    age: ages(grant).indexOf(reached),
    wrong: 'nothing',
    narrow: false,
    at: request.at,
    again: request.again - 1,
    fault: undefined,
  }
  return [event, ...(await sendOne(following, grant, turn, state))]
}

/** RFC 7009: a revocation by the client of the token, or by another one that has obtained it. */
async function sendRevocation(
  request: Extract<TokenRequest, { kind: 'revoke' }>,
  grant: GrantModel,
  client: StoreClient,
  state: State,
): Promise<readonly Event[]> {
  const { world } = state
  const at = instanceOf(world, request.at)
  const token = request.token === 'refresh' ? tokenOf(grant, request.age) : pick(grant.accessTokens, request.age)
  if (token === undefined) return []
  const { expiresAt, endsAt } = timesOf(token, request.token, world)
  const good = (request.token === 'access' || at.opens(token)) && Math.min(expiresAt, endsAt) > seconds(world)
  const clientId = request.wrong === 'client' ? anotherClient(grant, at, state) : grant.client.id
  const foreign = good && clientId !== grant.client.id ? 'invalid_grant' : undefined
  const expectedError = isUnknown(clientId, at) ? 'invalid_client' : foreign
  const answer = await world.faults.as(client, () => post(at, '/oauth/revoke', { client_id: clientId, token }))
  const nothing = { generation: -1, codeHash: undefined, scope: '' }
  return [{ kind: 'revoke', grant, ...nothing, expectedError, idle: !good, at, client, answer }]
}

/** The code, or another code of the same confirmation, as a user makes it by confirming twice. */
function codeOf({ other }: Extract<TokenRequest, { kind: 'redeem' }>, grant: GrantModel, world: World): string {
  const codes = codeSealer(world.sealing)
  const opened = other ? codes.open(grant.code.value) : null
  return opened ? codes.seal({ ...opened, id: 'another' }, String(header(grant.code.value).kid)) : grant.code.value
}

function hashOfCode(code: string, { sealing }: World): string {
  return sha256(codeSealer(sealing).open(code)?.id ?? '')
}

function timesOf(token: string, kind: 'refresh' | 'access', world: World) {
  if (kind === 'refresh') return world.inside(token)
  const expiresAt = Number(payload(token).exp)
  return { expiresAt, endsAt: expiresAt }
}

const isUnknown = (clientId: string, at: Instance) => !clientId.startsWith('https://') && !at.opens(clientId)

const ages = (grant: GrantModel) => [...grant.refreshTokens.keys()].sort((a, b) => b - a)

function tokenOf(grant: GrantModel, age: number): string | undefined {
  const known = ages(grant)
  return grant.refreshTokens.get(known[age % Math.max(known.length, 1)] ?? -1)
}

/** The id of another valid client. */
function anotherClient(grant: GrantModel, at: Instance, { clients }: State): string {
  const other = clients.find(({ id }) => id !== grant.client.id && (id.startsWith('https://') || at.opens(id)))
  return other?.id ?? 'https://somebody.example/client.json'
}

function formOf(
  request: Exclude<TokenRequest, { kind: 'revoke' }>,
  grant: GrantModel,
  presented: string,
  client_id: string,
) {
  const resource = request.wrong === 'resource' ? { resource: 'https://elsewhere.example/mcp' } : {}
  if (request.kind === 'refresh') {
    const scope = request.narrow ? { scope: 'docs:read' } : {}
    return { grant_type: 'refresh_token', client_id, refresh_token: presented, ...scope, ...resource }
  }
  return {
    grant_type: 'authorization_code',
    client_id,
    code: presented,
    code_verifier: request.wrong === 'verifier' ? sha256(grant.code.verifier) : grant.code.verifier,
    redirect_uri: request.wrong === 'redirect_uri' ? 'http://127.0.0.1:7777/other' : grant.redirectUri,
    ...resource,
  }
}

/** The error of a request that is invalid without a look at the store; `undefined`: none. */
function whatIsWrong(
  { kind, wrong }: Exclude<TokenRequest, { kind: 'revoke' }>,
  grant: GrantModel,
  presented: string,
  clientId: string,
  at: Instance,
  { clients, world }: State,
): string | undefined {
  if (isUnknown(clientId, at)) return 'invalid_client'
  if (kind === 'refresh' && clients.some(({ id, refreshes }) => id === clientId && !refreshes))
    return 'unauthorized_client'
  if (!at.opens(presented) || sha256(clientId) !== sha256(grant.client.id)) return 'invalid_grant'
  const { expiresAt, endsAt } = kind === 'redeem' ? { ...grant.code, endsAt: grant.endsAt } : world.inside(presented)
  if (Math.min(expiresAt, endsAt) * 1000 <= world.now()) return 'invalid_grant'
  if (wrong === 'verifier' || wrong === 'redirect_uri') return 'invalid_grant'
  return wrong === 'resource' ? 'invalid_target' : undefined
}

async function post({ server }: Instance, path: string, form: Record<string, string>): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return soundAnswer(await server.fetch(path, { method: 'POST', headers, body: new URLSearchParams(form) }), true)
}
