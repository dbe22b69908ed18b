import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { newAddress } from '../../support/oauth-client.ts'
import { type AuthorizationRequest, answerTo, authorizationRequest, obtainCode } from './authorization.ts'
import { check, checkSame, NotApplicable } from './check.ts'
import { type Discovered, discover } from './discovery.ts'
import { checkStatus, exchange, jsonOf } from './http.ts'
import { createMcpConnection } from './mcp.ts'
import type { ClientProfile, Way } from './profile.ts'
import { type KnownClient, makeKnown } from './registration.ts'
import { createTokenClient, type TokenClient, type Tokens } from './tokens.ts'
import type { ProfileStack } from './world.ts'

export const stepNames = [
  'discovery',
  'registration',
  'cancelled',
  'sign-in',
  'tool call',
  'expired token',
  'parallel refresh',
  'signed in again',
  'unknown client',
  'sign-out',
] as const
export type StepName = (typeof stepNames)[number]

/**
 * One step.
 *
 * @throws NotAsExpected for an answer that this client would not accept; NotApplicable if it has no such step
 */
export type Step = () => Promise<void>

/** The steps of one installation of a client with one user. Later steps use what earlier steps found. */
export function stepsOf(profile: ClientProfile, way: Way, stack: ProfileStack): Readonly<Record<StepName, Step>> {
  const email = newAddress()
  const found = later<Discovered>('discovery')
  const known = later<KnownClient>('registration')
  const session = later<Tokens>('sign-in')

  const tokenClient = (client = known.get()): TokenClient => createTokenClient(profile, found.get(), client, stack)
  const mcp = (accessToken: string) => createMcpConnection(profile, stack, accessToken)
  const question = () => `How do I sign in? ${randomUUID()}`

  async function signIn(redirectIndex = 0, client = known.get()): Promise<Tokens> {
    const request = authorizationRequest(profile, found.get(), client, redirectIndex)
    return redeem(request, await obtainCode(request, email, profile, found.get()), client)
  }

  async function redeem(request: AuthorizationRequest, code: string, client: KnownClient): Promise<Tokens> {
    return tokenClient(client).redeem(request, code)
  }

  async function expectWorking({ access }: Tokens): Promise<void> {
    const connection = mcp(access)
    await connection.connect()
    await connection.ask(question())
  }

  return {
    discovery: async () => found.set(await discover(profile, stack)),

    registration: async () => known.set(await makeKnown(profile, way, found.get(), stack)),

    async cancelled() {
      const request = authorizationRequest(profile, found.get(), known.get())
      const answer = await answerTo(request, { email, decides: 'cancel' }, profile, found.get())
      checkSame('error', answer.get('error'), 'access_denied')
      check(!answer.has('code'), 'a canceled sign-in gives a code')
    },

    'sign-in': async () => session.set(await signIn()),

    'tool call': () => expectWorking(session.get()),

    async 'expired token'() {
      const { access, refresh } = session.get()
      for (const token of [await stack.expired(access), randomUUID()]) {
        const refused = await mcp(token).tryAsk(question())
        checkStatus(refused, 401)
        const challenge = refused.headers.get('www-authenticate') ?? ''
        check(challenge.includes('error="invalid_token"'), 'the 401 does not say invalid_token')
        check(challenge.includes('resource_metadata="'), 'the 401 names no resource metadata')
      }
      session.set(await tokenClient().refresh(refresh))
      await expectWorking(session.get())
    },

    async 'parallel refresh'() {
      const { refresh } = session.get()
      const all = Array.from({ length: profile.tokens.parallelRefreshes }, () => tokenClient().refresh(refresh))
      const answers = await Promise.all(all)
      check(
        new Set(answers.map((tokens) => tokens.refresh)).size === 1,
        'parallel refreshes got different refresh tokens',
      )
      for (const tokens of answers) await expectWorking(tokens)
      session.set(answers[0] ?? session.get())
    },

    async 'signed in again'() {
      for (const index of way.redirectUris.keys()) await expectWorking(await signIn(index))
      // All installations of a client share one client_id, so the sign-in of one must not sign another out (M-18).
      await expectWorking(session.get())
      session.set(await tokenClient().refresh(session.get().refresh))
    },

    async 'unknown client'() {
      if (way.by === 'document') throw new NotApplicable('it has a document instead of a registration')
      const unknown = { ...known.get(), id: ofAnotherSecret(known.get().id) }
      const refused = await tokenClient(unknown).tryRefresh(session.get().refresh)
      checkStatus(refused, 401)
      checkSame('error', v.parse(v.object({ error: v.string() }), jsonOf(refused)).error, 'invalid_client')
      await expectPage(authorizationRequest(profile, found.get(), unknown))
      if (way.preflight !== null) {
        const { url } = authorizationRequest(profile, found.get(), unknown)
        const answer = await exchange(profile, 'GET', url.href, way.preflight)
        checkStatus(answer, 400)
        checkSame('error', v.parse(v.object({ error: v.string() }), jsonOf(answer)).error, 'invalid_client')
      }
      if (way.whenUnknown === 'gives up') return
      const registeredAgain = await makeKnown(profile, way, found.get(), stack)
      await expectWorking(await signIn(0, registeredAgain))
      // The refusal must not end the session of the known registration.
      session.set(await tokenClient().refresh(session.get().refresh))
    },

    async 'sign-out'() {
      // Use a session that the MCP endpoint has not seen: it may accept a known session for a minute (T-23).
      const ended = await signIn()
      const kinds = profile.revokes.length > 0 ? profile.revokes : (['refresh_token'] as const)
      for (const kind of kinds) {
        await tokenClient().revoke(kind === 'refresh_token' ? ended.refresh : ended.access, kind)
      }
      const refused = await tokenClient().tryRefresh(ended.refresh)
      checkStatus(refused, 400)
      checkSame('error', v.parse(v.object({ error: v.string() }), jsonOf(refused)).error, 'invalid_grant')
      checkStatus(await mcp(ended.access).tryAsk(question()), 401)
      await expectWorking(session.get())
    },
  }

  /** An unknown client gets no redirect: the user sees a page. */
  async function expectPage({ url }: AuthorizationRequest): Promise<void> {
    // The browser navigates there, so that the request is not cross-origin.
    const page = await exchange({ origin: null }, 'GET', url.href, { accept: 'text/html' })
    checkStatus(page, 400)
    check(!page.headers.has('location'), 'an unknown client gets a redirect')
    check(page.text.includes('<h1'), 'the page for an unknown client has no heading')
  }
}

function later<T>(step: StepName): { get(): T; set(value: T): void } {
  let known: { readonly value: T } | undefined
  return {
    get() {
      check(known !== undefined, `not reached: there was no ${step}`)
      return known.value
    },
    set(value) {
      known = { value }
    },
  }
}

/** The client_id as a server with another secret would make it. It names another key. */
function ofAnotherSecret(clientId: string): string {
  const [header = '', payload = '', signature = ''] = clientId.split('.')
  const named: unknown = JSON.parse(Buffer.from(header, 'base64url').toString())
  const renamed = { ...v.parse(v.looseObject({}), named), kid: 'AAAAAAAA' }
  const turned = [...signature].reverse().join('')
  return [Buffer.from(JSON.stringify(renamed)).toString('base64url'), payload, turned].join('.')
}
