import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readForm } from '../../dev/browser/form.ts'
import { openConsentPage } from '../../dev/browser/person.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { deploy } from '../support/deploy.ts'
import { hourWithRoom } from '../support/hour.ts'
import { type AuthorizationRequest, codeOf, locationOf, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Publisher, startPublisher } from '../support/publisher.ts'
import { json, type Sent, send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'
import { operationsOnThePath } from '../support/store-path.ts'

/** A redirect URI on an untrusted host, so that the broker asks for a confirmation after the sign-in. */
const redirectUri = 'https://app.example/callback'

let stack: Stack
let publisher: Publisher

beforeAll(async () => {
  publisher = await startPublisher(redirectUri)
  stack = await startStack({ settings: publisher.settings })
})
afterAll(async () => {
  await stack.stop()
  await publisher.stop()
})

const register = (url: string, headers: Sent['headers'] = {}) => {
  const registration = json(JSON.stringify({ redirect_uris: [redirectUri] }))
  return send(`${url}/oauth/register`, { ...registration, headers: { ...registration.headers, ...headers } })
}

/** The next step of a sign-in. It can be tried any number of times. */
type Step = () => Promise<Response>

/** Sign-ins that have reached the consent page, the OpenID Provider, and the confirmation. */
async function atConsent({ url }: AuthorizationRequest, browser = createWatchedBrowser()): Promise<Step> {
  const page = await openConsentPage(browser, url)
  return () => page.press('approve')
}
async function atProvider(request: AuthorizationRequest, browser = createWatchedBrowser()): Promise<Step> {
  const approve = await atConsent(request, browser)
  const callback = locationOf(await browser.fetch(locationOf(await approve())))
  return () => browser.fetch(callback)
}
async function atConfirmation(request: AuthorizationRequest, browser = createWatchedBrowser()): Promise<Step> {
  const signedIn = await atProvider(request, browser)
  const { action, fields } = readForm(await (await signedIn()).text(), request.url)
  fields.set('action', 'confirm')
  return () => browser.fetch(action, { method: 'POST', body: fields, initiator: action })
}
async function codeFor(request: AuthorizationRequest): Promise<string> {
  const confirm = await atConfirmation(request)
  return codeOf(locationOf(await confirm()))
}

describe('MCP_OAUTH_BLOCKED_CLIENTS', () => {
  const inAnHour = () => `before:${new Date(Date.now() + 3_600_000).toISOString().slice(0, 16)}Z`

  /** Takes one client through all steps but the last, and returns what each last step must be while the entry is there, and after. */
  async function everyStep(url: string, kind: 'registered' | 'published') {
    const client = await registerClient(url)
    const { client_id: registered } = await (await register(url)).json()
    const client_id: string = kind === 'published' ? publisher.newClientId() : registered
    const changes = { client_id, redirect_uri: redirectUri }
    const request = () => client.authorizationRequest(changes)
    const [spent, unspent] = [request(), request()]
    const spentCode = await codeFor(spent)
    const { refreshToken } = tokensOf(await client.redeem(spent, spentCode, changes))
    const approve = await atConsent(request())
    const signedIn = await atProvider(request())
    const confirm = await atConfirmation(request())
    const code = await codeFor(unspent)
    const pages = [() => send(request().url), approve, signedIn, confirm]
    return {
      id: client_id,
      refusals: pages.length + 3,
      async expectRefused() {
        for (const step of pages) {
          const { status, headers } = await step()
          expect([status, headers.get('location'), headers.getSetCookie()]).toEqual([400, null, []])
        }
        const refusal = { status: 401, body: { error: 'invalid_client' } }
        expect(await client.redeem(unspent, code, changes)).toMatchObject(refusal)
        expect(await client.redeem(spent, spentCode, changes)).toMatchObject(refusal)
        expect(await client.refresh(refreshToken, changes)).toMatchObject(refusal)
      },
      async expectWorking() {
        expect([(await approve()).status, (await signedIn()).status]).toEqual([303, 200])
        codeOf(locationOf(await confirm()))
        tokensOf(await client.redeem(unspent, code, changes))
        tokensOf(await client.refresh(refreshToken, changes))
      },
    }
  }

  // In each case one client is registered and the other has a document.
  testOnBlobs.each([
    ['clients by their hashes', (registered: string, published: string) => [sha256(registered), sha256(published)]],
    ['clients by the host of their redirect URI', () => ['app.example']],
    ['registrations from before a time, and clients by the host of their document', () => [inAnHour(), 'localhost']],
  ] as const)(
    '%s: every step of a sign-in and every refresh is refused and writes nothing; all work again without the entry [M-15]',
    async (_what, entriesFor) => {
      const before = await deploy(stack, publisher.settings)
      const registered = await everyStep(before.url, 'registered')
      const published = await everyStep(before.url, 'published')
      const clients = [registered, published]
      const entries = ['unrelated.example', ...entriesFor(registered.id, published.id)]
      const blocking = await before.follow({ ...publisher.settings, MCP_OAUTH_BLOCKED_CLIENTS: entries.join() })
      const sequence = stack.emulator.operations().at(-1)?.sequence
      for (const { expectRefused } of clients) await expectRefused()
      expect(operationsOnThePath(stack, sequence)).toEqual([])
      for (const { id, refusals } of clients) {
        const blocked = () => blocking.lines.filter((line) => line.includes('"client_blocked"') && line.includes(`"client":"${sha256(id)}"`)) // biome-ignore format: one line
        await vi.waitFor(() => expect(blocked()).toHaveLength(refusals))
      }

      await blocking.follow({ ...publisher.settings, MCP_OAUTH_BLOCKED_CLIENTS: 'unrelated.example' })
      for (const { expectWorking } of clients) await expectWorking()
    },
  )
})

test('MCP_OAUTH_REGISTRATION_TOKEN: only a client with the token can register; guessing it is throttled [R-02 O-11]', async () => {
  const token = 'registration-token-7c1f-0b6e4d1fa2c9'
  keepSecret(token)
  // This machine is exempt from other limits, but not from this one.
  const { url, lines } = await deploy(stack, { MCP_OAUTH_REGISTRATION_TOKEN: token })
  await hourWithRoom()
  const stranger = await register(url)
  expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="registration"'])
  expect((await register(url, { authorization: `Bearer ${token}` })).status).toBe(201)
  const guesses = await Promise.all(
    Array.from({ length: 40 }, (_, i) => register(url, { authorization: `Bearer ${token}${i}` })),
  )
  const tried = guesses.filter(({ status }) => status === 401).length
  expect(tried).toBeGreaterThanOrEqual(19)
  // On a busy machine the store may take longer than the limit waits for it. Then a guess does not count, and the log says so.
  const uncounted = () => lines.filter((line) => line.includes('"limit_unavailable"')).length
  await expect.poll(() => tried - uncounted()).toBeLessThanOrEqual(19)
  expect((await register(url, { authorization: `Bearer ${token}` })).status).toBe(429)
})

test('MCP_OAUTH_DCR=off: no client can register, the metadata does not offer it, and registered clients keep working [R-02]', async () => {
  const before = await deploy(stack, {})
  const client = await registerClient(before.url)
  const { client_id } = await (await register(before.url)).json()
  const { url } = await before.follow({ MCP_OAUTH_DCR: 'off' })
  expect((await register(url)).status).toBe(404)
  for (const method of ['GET', 'OPTIONS']) {
    expect((await send(`${url}/oauth/register`, { method })).status).toBe(404)
  }
  const metadata = await (await send(`${url}/.well-known/oauth-authorization-server`)).json()
  expect(metadata).toHaveProperty('token_endpoint')
  expect(metadata).not.toHaveProperty('registration_endpoint')
  const changes = { client_id, redirect_uri: redirectUri }
  const authorization = client.authorizationRequest(changes)
  tokensOf(await client.redeem(authorization, await codeFor(authorization), changes))
})

test('MCP_OAUTH_CIMD_ALLOWED_HOSTS: documents of other hosts are not even fetched [M-15]', async () => {
  const { url } = await deploy(stack, { ...publisher.settings, MCP_OAUTH_CIMD_ALLOWED_HOSTS: 'clients.example.com' })
  const fetched = publisher.fetched()
  const page = await send(`${url}/oauth/authorize?client_id=${publisher.newClientId()}`)
  expect([page.status, publisher.fetched()]).toEqual([400, fetched])
  const own = new URL(publisher.newClientId()).host
  const other = await deploy(stack, { ...publisher.settings, MCP_OAUTH_CIMD_ALLOWED_HOSTS: own })
  const client = await registerClient(other.url)
  const { url: asked } = client.authorizationRequest({ client_id: publisher.newClientId(), redirect_uri: redirectUri })
  expect((await send(asked)).status).toBe(200)
})
