import assert from 'node:assert/strict'
import { sha256 } from '../../../lib/oauth/sha256.ts'
import { type Answer, jsonOf, soundAnswer } from '../invariants.ts'
import { expectCopy, judgeCopies } from './documents.ts'
import { interleave, storeClient } from './faulty-store.ts'
import { type Event, type GrantModel, judge, look, remember } from './model.ts'
import { registerStep } from './registrations.ts'
import { documentKind, type Script, type Step, type TokenRequest } from './script.ts'
import {
  authorizeStep,
  callbackStep,
  confirmStep,
  instanceOf,
  pick,
  pressStep,
  type State,
  seconds,
} from './sign-in.ts'
import { createWorld, type Instance, payload, type World } from './world.ts'

/** Plays a script in a world of its own; after each step everything has to be as it may be. Throws `AssertionError`. */
export async function play({ steps, ...circumstances }: Script): Promise<void> {
  const state: State = {
    world: await createWorld(circumstances),
    clients: [],
    pages: [],
    transactions: [],
    grants: [],
    known: new Map(),
    registered: new Map(),
    landed: false,
  }
  for (const [index, step] of steps.entries()) {
    try {
      await take(step, state)
    } catch (error) {
      if (error instanceof Error) error.message = `step ${index + 1}: ${error.message}`
      throw error
    }
  }
  await everybodyRefreshes(state)
  await everybodyComesBack(state)
  const { keys } = await state.world.truth.list('grants/', new AbortController().signal)
  const known = new Set(state.grants.map(({ key }) => key))
  assert.deepEqual(
    keys.filter((key) => !known.has(key)),
    [],
    'a grant that nobody asked for',
  )
}

async function take(step: Step, state: State): Promise<void> {
  const { world } = state
  let events: readonly Event[] = []
  let landing = false
  switch (step.do) {
    case 'sign in':
      await signIn(step, state)
      break
    case 'register':
      await registerStep(state, step)
      break
    case 'authorize':
      await authorizeStep(state, step)
      break
    case 'press':
      await pressStep(state, step)
      break
    case 'callback':
      await callbackStep(state, step)
      break
    case 'confirm':
      await confirmStep(state, step)
      break
    case 'tokens':
      events = await sendAll(step.requests, step.order, state)
      break
    case 'wait':
      world.wait(step.seconds)
      break
    case 'late write lands':
      landing = await world.faults.land()
      state.landed ||= landing
      break
    case 'document host':
      world.documentHost.condition = step.condition
      world.documentHost.edition = step.edition
      break
    case 'store moves':
      await moveStore(state)
  }
  for (const grant of state.grants) {
    const concerned = events.filter((event) => event.grant === grant)
    await judge(grant, concerned, world, landing)
  }
  await judgeCopies(state)
}

/** The usual way, without detours. */
async function signIn({ client, browser, until, at }: Extract<Step, { do: 'sign in' }>, state: State): Promise<void> {
  if (state.clients.length === 0)
    await registerStep(state, { do: 'register', kind: client, address: 2, at, faults: [undefined], order: [] })
  const [pages, transactions] = [state.pages.length, state.transactions.length]
  await authorizeStep(state, {
    do: 'authorize',
    client,
    browser,
    scope: 'docs:read docs:feedback',
    at,
    fault: undefined,
  })
  if (state.pages.length === pages || until === 'consent') return
  await pressStep(state, { do: 'press', button: 'approve', page: 0, browser: 'own', at })
  if (state.transactions.length === transactions || until === 'login') return
  await callbackStep(state, { do: 'callback', upstream: 'fine', transaction: 0, browser: 'own', at })
  if (state.transactions.at(-1)?.phase !== 'confirmation' || until === 'confirmation') return
  await confirmStep(state, { do: 'confirm', button: 'confirm', transaction: 0, browser: 'own', at })
}

async function moveStore({ world, grants }: State): Promise<void> {
  for (const grant of grants) {
    const held = await look(grant, world)
    if (held) await world.truth.put(grant.key, held.record, new AbortController().signal)
    grant.held = await look(grant, world)
    grant.settled.clear()
  }
}

/** In the end nothing fails any more: whoever has a token that ought to live can use it. */
async function everybodyRefreshes(state: State): Promise<void> {
  const requests = state.grants.map((_, index): TokenRequest => {
    const grant = state.grants.length - 1 - index
    return { kind: 'refresh', grant, age: 0, wrong: 'nothing', narrow: false, at: 1, again: 1, fault: undefined }
  })
  for (const request of requests) await take({ do: 'tokens', requests: [request], order: [] }, state)
}

/** Once everything is as it should be, and the limits are over: nobody is refused for what happened before. */
async function everybodyComesBack(state: State): Promise<void> {
  const { world, pages, clients } = state
  Object.assign(world.documentHost, { condition: 'up', edition: 0 })
  world.wait(3_600)
  const register = { do: 'register', faults: [undefined], order: [] } as const
  for (const [index] of world.instances.entries()) {
    for (const kind of [0, documentKind]) {
      const [before, known] = [pages.length, clients.length]
      await registerStep(state, { ...register, kind, address: index, at: index })
      assert.equal(clients.length, known + 1, 'it cannot register')
      const at = index
      await authorizeStep(state, {
        do: 'authorize',
        client: 0,
        browser: index,
        scope: 'docs:read',
        at,
        fault: undefined,
      })
      assert.equal(pages.length, before + 1, 'nobody is asked')
    }
  }
}

/** Sends them at once; `order` says how their store operations interleave. */
async function sendAll(
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
  if (request.kind === 'revoke') {
    const answer = await world.faults.as(client, () => revoke(grant, world))
    return [
      { kind: 'revoke', grant, generation: -1, expectedError: undefined, scope: '', at: undefined, client, answer },
    ]
  }
  const at = instanceOf(world, request.at)
  const presented = request.kind === 'redeem' ? grant.code.value : tokenOf(grant, request.age)
  if (presented === undefined) return []
  const generation = request.kind === 'redeem' ? -1 : Number(payload(presented).n)
  const clientId = request.wrong === 'client' ? anotherClient(grant, at, state) : grant.client.id
  const expectedError = whatIsWrong(request, grant, presented, clientId, at, state)
  if (expectedError === undefined) {
    grant.asked.set(generation + 1, (grant.asked.get(generation + 1) ?? new Set()).add(seconds(world)))
  }
  const form = formOf(request, grant, presented, clientId)
  const answer = await world.faults.as(client, () => post(at, form))
  if (request.kind === 'redeem') await expectCopy(state, grant, at, client, answer)
  const scope = 'scope' in form ? form.scope : grant.scope
  const event: Event = { kind: request.kind, grant, generation, expectedError, scope, at, client, answer }
  const next = answer.status === 200 ? jsonOf(answer.text).refresh_token : undefined
  if (request.again === 0 || typeof next !== 'string') return [event]
  remember(grant, generation + 1, next)
  const following: TokenRequest = {
    kind: 'refresh',
    grant: state.grants.length - 1 - state.grants.indexOf(grant),
    age: ages(grant).indexOf(generation + 1),
    wrong: 'nothing',
    narrow: false,
    at: request.at,
    again: request.again - 1,
    fault: undefined,
  }
  return [event, ...(await sendOne(following, grant, turn, state))]
}

const ages = (grant: GrantModel) => [...grant.refreshTokens.keys()].sort((a, b) => b - a)

function tokenOf(grant: GrantModel, age: number): string | undefined {
  const known = ages(grant)
  return grant.refreshTokens.get(known[age % Math.max(known.length, 1)] ?? -1)
}

/** One that is as good as the right one, but for being another. */
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

/** The error that a request deserves before the store comes into it. */
function whatIsWrong(
  { kind, wrong }: Exclude<TokenRequest, { kind: 'revoke' }>,
  grant: GrantModel,
  presented: string,
  clientId: string,
  at: Instance,
  { clients, world }: State,
): string | undefined {
  if (!clientId.startsWith('https://') && !at.opens(clientId)) return 'invalid_client'
  if (kind === 'refresh' && clients.some(({ id, refreshes }) => id === clientId && !refreshes))
    return 'unauthorized_client'
  if (!at.opens(presented) || sha256(clientId) !== sha256(grant.client.id)) return 'invalid_grant'
  const { exp, end } = kind === 'redeem' ? { exp: grant.code.expiresAt, end: grant.endsAt } : payload(presented)
  if (Math.min(Number(exp), Number(end)) <= seconds(world)) return 'invalid_grant'
  if (wrong === 'verifier' || wrong === 'redirect_uri') return 'invalid_grant'
  return wrong === 'resource' ? 'invalid_target' : undefined
}

async function post({ server }: Instance, form: Record<string, string>): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return soundAnswer(
    await server.fetch('/oauth/token', { method: 'POST', headers, body: new URLSearchParams(form) }),
    true,
  )
}

/** As an answer, so that it is judged like the others. */
async function revoke({ key }: GrantModel, { grants }: World): Promise<Answer> {
  const status = await grants.revoke(key, 'test', new AbortController().signal).then(
    () => 200,
    () => 503,
  )
  return { status, headers: new Headers(), text: '' }
}
