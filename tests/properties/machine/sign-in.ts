import assert from 'node:assert/strict'
import { authorizePath, newPkce, type Pkce, reader, sealedRequest } from '../../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../../lib/base/sha256.ts'
import { subjectOf } from '../../../lib/oauth/grants/record.ts'
import { ProviderError } from '../../../lib/oauth/providers/provider.ts'
import { codeSealer } from '../../../lib/oauth/token/authorization-code.ts'
import { type Answer, soundAnswer } from '../invariants.ts'
import { documentClientId } from './document-host.ts'
import { expectedStatus, foreseeDocument, type KnownDocument } from './documents.ts'
import { storeClient } from './faulty-store.ts'
import type { ClientModel, GrantModel } from './model.ts'
import type { Scope, Step } from './script.ts'
import type { Thief } from './thief.ts'
import { type Instance, lifetimes, type World } from './world.ts'

/** Everything that a script has created, oldest first. */
export interface State {
  readonly world: World
  readonly clients: ClientModel[]
  readonly pages: Page[]
  readonly transactions: Transaction[]
  readonly grants: GrantModel[]
  readonly thieves: Thief[]
  /** The document of the client that publishes one, as cached by each instance. */
  readonly known: Map<Instance, KnownDocument>
  /** Registrations by address and hour, without those for which the store failed. */
  readonly registered: Map<string, number>
  /** Whether a late write has taken effect. */
  landed: boolean
}

/** A consent page that a browser shows. */
interface Page {
  readonly client: ClientModel
  readonly browser: number
  readonly form: string
  readonly pkce: Pkce
  readonly scope: Scope
  readonly state: string
  readonly redirectUri: string
  readonly expiresAt: number
}

interface Transaction {
  readonly page: Page
  /** The `state` at the provider. Each new redirect to the provider has its own. */
  state: string
  phase: 'login' | 'confirmation' | 'finished' | 'over'
  /** Seconds: when the phase can no longer be completed, and when the server forgets the transaction. */
  expiresAt: number
  knownUntil: number
  readonly approvedAt: number
  begunAgain: number
  /** The code in the answer to the client, once it is finished, and its expiry. */
  code: { readonly value: string; readonly expiresAt: number } | null
}

type StepOf<Name extends Step['do']> = Extract<Step, { readonly do: Name }>

export function pick<T>(list: readonly T[], back: number): T | undefined {
  return list.at(-1 - (back % Math.max(list.length, 1)))
}

export function instanceOf({ instances }: World, number: number): Instance {
  const instance = instances[number % instances.length]
  assert(instance)
  return instance
}

export async function authorizeStep(state: State, step: StepOf<'authorize'>): Promise<void> {
  const { world, pages } = state
  const client = pick(state.clients, step.client)
  if (!client) return
  const at = instanceOf(world, step.at)
  const pkce = newPkce()
  // Some sign-ins need several cookies.
  const clientState = `state ${pages.length} & more`.padEnd(pages.length % 3 === 1 ? 4_096 : 0, '"+%é')
  const redirectUri = client.redirectUri.replace('127.0.0.1/', '127.0.0.1:7777/')
  const path = authorizePath(client.id, pkce, { redirect_uri: redirectUri, scope: step.scope, state: clientState })
  const published = client.id === documentClientId ? await foreseeDocument(state, at) : undefined
  const sender = storeClient(async () => undefined, step.fault)
  const answer = await world.faults.as(sender, () => visit(world, step.browser, at, (browser) => browser.open(path)))
  const status = published ? expectedStatus(published, client, sender) : at.opens(client.id) ? 200 : 400
  if (status !== 200) return refused(answer, status)
  assert.equal(answer.status, 200)
  pages.push({
    client,
    browser: step.browser,
    form: sealedRequest(answer.text),
    pkce,
    scope: step.scope,
    state: clientState,
    redirectUri,
    expiresAt: seconds(world) + lifetimes.consent,
  })
}

export async function pressStep(state: State, step: StepOf<'press'>): Promise<void> {
  const { world } = state
  const page = pick(state.pages, step.page)
  if (!page) return
  const at = instanceOf(world, step.at)
  const own = step.browser === 'own'
  const html = `name="request" value="${page.form}"`
  const browser = own ? page.browser : 1 - page.browser
  let known = false
  const answer = await visit(world, browser, at, (b) => {
    known = b.cookies.has('__Host-browser')
    return b.press(html, step.button)
  })
  if (!at.opens(page.form) || page.expiresAt <= seconds(world)) return refused(answer, 400)
  if (!known) return refused(answer, 403)
  if (step.button === 'cancel') return expectError(answer, page, 'access_denied', world)
  if (!own) {
    // The user is asked again, on a page that belongs to this browser.
    refused(answer, 200)
    state.pages.push({
      ...page,
      browser,
      form: sealedRequest(answer.text),
      expiresAt: seconds(world) + lifetimes.consent,
    })
    return
  }
  const location = new URL(answer.headers.get('location') ?? '')
  assert.equal(location.origin, 'https://login.example')
  state.transactions.push({
    page,
    state: location.searchParams.get('state') ?? '',
    phase: 'login',
    expiresAt: seconds(world) + lifetimes.transaction,
    knownUntil: seconds(world) + lifetimes.transactionPage,
    approvedAt: seconds(world),
    begunAgain: 0,
    code: null,
  })
}

export async function callbackStep(state: State, step: StepOf<'callback'>): Promise<void> {
  const found = arrive(state, step)
  if (!found) return
  const { transaction, at, browser, holds } = found
  const { upstreamSub } = state.world.browsers[browser] ?? {}
  assert(upstreamSub)
  at.server.identity = identityOf(upstreamSub, step.upstream)
  const path = `/mcp/callback?${new URLSearchParams({ state: transaction.state, code: 'upstream-code' })}`
  let held = ''
  const answer = await visit(state.world, browser, at, (b) => {
    held = heldIn(b, transaction)
    return b.open(path)
  })
  const { page, phase } = transaction
  if (!holds(held)) return refused(answer, 403)
  const time = seconds(state.world)
  // A reload of the confirmation shows it again. A late callback leads to a new start.
  if (phase === 'finished') return expectFinished(answer, transaction, state.world)
  if (transaction.expiresAt <= time) return expectAnew(answer, page, 403)
  if (phase === 'confirmation') return refused(answer, 200)

  if (step.upstream === 'passing') return assert.equal(answer.status, 503)
  if (step.upstream === 'spent' || step.upstream === 'lost') {
    const most = step.upstream === 'spent' ? 2 : 1
    if (transaction.begunAgain >= most || transaction.approvedAt + lifetimes.transaction <= time) {
      return expectAnew(answer, page, 503)
    }
    const location = new URL(answer.headers.get('location') ?? '')
    assert.equal(location.origin, 'https://login.example')
    assert.notEqual(location.searchParams.get('state'), transaction.state)
    transaction.state = location.searchParams.get('state') ?? ''
    transaction.begunAgain += 1
    transaction.expiresAt = time + lifetimes.transaction
    return
  }
  transaction.phase = 'over'
  if (step.upstream === 'refused') return expectError(answer, page, 'access_denied', state.world)
  if (!page.client.confirms) return finish(transaction, expectCode(answer, page, upstreamSub, time, state), state.world)
  assert.deepEqual([answer.status, answer.headers.get('location')], [200, null])
  transaction.phase = 'confirmation'
  transaction.expiresAt = time + lifetimes.confirmation
  transaction.knownUntil = transaction.expiresAt + lifetimes.transactionPage
}

export async function confirmStep(state: State, step: StepOf<'confirm'>): Promise<void> {
  const found = arrive(state, step)
  if (!found) return
  const { transaction, at, browser, holds } = found
  const form = { state: transaction.state, action: step.button }
  let held = ''
  const answer = await visit(state.world, browser, at, (b) => {
    held = heldIn(b, transaction)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: state.world.issuer }
    return b.open('/oauth/confirm', { method: 'POST', headers, body: new URLSearchParams(form) })
  })
  const { page, phase, code } = transaction
  if (!holds(held) || phase === 'login') return refused(answer, 403)
  const time = seconds(state.world)
  if (phase === 'finished') {
    if (step.button === 'cancel' || !code || code.expiresAt <= time)
      return expectFinished(answer, transaction, state.world)
    // A second press of the button gives the same code.
    return expectTheSameCode(answer, page, code.value, state.world)
  }
  if (transaction.expiresAt <= time) return expectAnew(answer, page, 403)
  transaction.phase = 'over'
  if (step.button === 'cancel') return expectError(answer, page, 'access_denied', state.world)
  const upstreamSub = state.world.browsers[browser]?.upstreamSub ?? ''
  const issuedAt = Math.floor(time / 10) * 10
  finish(transaction, expectCode(answer, page, upstreamSub, issuedAt, state), state.world)
}

function finish(transaction: Transaction, code: NonNullable<Transaction['code']>, world: World): void {
  transaction.phase = 'finished'
  transaction.code = code
  transaction.knownUntil = seconds(world) + lifetimes.outcome
}

/** A later request shows that the sign-in is over. A click leads back to the client with the same code, while it is valid. */
function expectFinished(answer: Answer, { page, code }: Transaction, world: World): void {
  refused(answer, 200)
  if (code && code.expiresAt > seconds(world)) expectTheSameCode(answer, page, code.value, world)
  else assert(!answer.text.includes('code='), 'links with a code that has expired')
}

/** Compares every member, the id too. Another instance may have sealed it with another secret. */
function expectTheSameCode(answer: Answer, page: Page, value: string, world: World): void {
  const open = codeSealer(world.sealing).open
  assert.deepEqual(open(returned(answer, page, world).get('code') ?? ''), open(value))
}

/** Expects a page whose button repeats the client's authorization request. */
function expectAnew(answer: Answer, page: Page, status: number): void {
  refused(answer, status)
  const [, link = ''] = /<a class="button primary" href="([^"]*)"/.exec(answer.text) ?? []
  const { pathname, searchParams } = new URL(link.replaceAll('&amp;', '&'), 'https://docs.example')
  assert.equal(pathname, '/oauth/authorize')
  const { client_id, redirect_uri, state, code_challenge, scope } = Object.fromEntries(searchParams)
  assert.deepEqual(
    { client_id, redirect_uri, state, code_challenge, scope },
    {
      client_id: page.client.id,
      redirect_uri: page.redirectUri,
      state: page.state,
      code_challenge: page.pkce.challenge,
      scope: page.scope,
    },
  )
}

/** The sealed transaction in the browser, which may be in several cookies. */
function heldIn({ cookies }: { readonly cookies: ReadonlyMap<string, string> }, { state }: Transaction): string {
  return ['', '.1', '.2'].map((part) => cookies.get(`__Host-tx.${state}${part}`) ?? '').join('')
}

/** Resolves a step to its transaction, instance and browser. `holds` says whether the browser may continue. */
function arrive({ world, transactions }: State, step: StepOf<'callback'> | StepOf<'confirm'>) {
  const transaction = pick(transactions, step.transaction)
  if (!transaction) return undefined
  const at = instanceOf(world, step.at)
  const own = step.browser === 'own'
  const holds = (cookie: string) =>
    own && cookie !== '' && at.opens(cookie) && transaction.phase !== 'over' && transaction.knownUntil > seconds(world)
  return { transaction, at, browser: own ? transaction.page.browser : 1 - transaction.page.browser, holds }
}

function identityOf(sub: string, upstream: StepOf<'callback'>['upstream']) {
  if (upstream === 'passing') return new ProviderError('passing', 'no answer')
  if (upstream === 'lost') return new ProviderError('spent', 'a late answer')
  if (upstream === 'spent') return new ProviderError('spent', 'no', { code: 'invalid_grant', rejected: true })
  if (upstream === 'refused') return new ProviderError('refused', 'no', { code: 'access_denied' })
  return { ...reader, sub, email: `${subjectOf(reader.issuer, sub)}@example.com` }
}

async function visit(
  world: World,
  browser: number,
  at: Instance,
  request: Parameters<World['browsers'][number]['open']>[1],
) {
  const found = world.browsers[browser]
  assert(found)
  return soundAnswer(await found.open(at, request), true)
}

function refused(answer: Answer, status: number): void {
  assert.deepEqual([answer.status, answer.headers.get('location')], [status, null])
  assert.deepEqual(answer.headers.getSetCookie(), [])
}

function expectError(answer: Answer, page: Page, error: string, world: World): void {
  const parameters = returned(answer, page, world)
  assert.deepEqual([parameters.get('error'), parameters.get('code')], [error, null])
}

function expectCode(
  answer: Answer,
  page: Page,
  upstreamSub: string,
  issuedAt: number,
  { world, grants }: State,
): NonNullable<Transaction['code']> {
  const value = returned(answer, page, world).get('code') ?? ''
  const code = codeSealer(world.sealing).open(value)
  assert(code, 'the code cannot be opened')
  const { clientHash, redirectUriHash, codeChallenge, scope, resource, expiresAt, grant, endsAt } = code
  const sub = subjectOf(reader.issuer, upstreamSub)
  assert.deepEqual(
    { clientHash, redirectUriHash, codeChallenge, scope, resource, expiresAt, sub: grant.split('/')[2] },
    {
      clientHash: sha256(page.client.id),
      redirectUriHash: sha256(page.redirectUri),
      codeChallenge: page.pkce.challenge,
      scope: page.scope,
      resource: `${world.issuer}/mcp`,
      expiresAt: issuedAt + lifetimes.code,
      sub,
    },
  )
  grants.push({
    key: grant,
    code: { value, expiresAt, verifier: page.pkce.verifier },
    client: page.client,
    redirectUri: page.redirectUri,
    scope,
    sub,
    endsAt,
    held: null,
    refreshTokens: new Map(),
    accessTokens: [],
    settled: new Set(),
    asked: new Map(),
    redeemed: 0,
    madeBy: undefined,
    doomed: false,
  })
  return { value, expiresAt }
}

/** The parameters of the answer to the client. The answer must go to the redirect URI of the request. */
function returned(answer: Answer, page: Page, world: World): URLSearchParams {
  const [, link = ''] = /<a class="button [a-z]+" href="([^"]*)"/.exec(answer.text) ?? []
  const location = answer.headers.get('location') ?? link.replaceAll('&amp;', '&')
  const separator = page.redirectUri.includes('?') ? '&' : '?'
  assert(location.startsWith(page.redirectUri + separator), `answered at ${location}`)
  const parameters = new URLSearchParams(location.slice(page.redirectUri.length + 1))
  assert.deepEqual([parameters.get('state'), parameters.get('iss')], [page.state, world.issuer])
  return parameters
}

export const seconds = (world: World): number => Math.floor(world.now() / 1000)
