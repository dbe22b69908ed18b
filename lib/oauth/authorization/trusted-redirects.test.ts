import { expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  register,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'

const trustedRedirects = ['claude.ai', 'one.example/callback', 'many.example/callbacks/']

/** Returns how the client learns of an error, and the answer after the sign-in. */
async function answersFor(redirect_uri: string) {
  const server = createHarness({ trustedRedirects })
  const clientId = await register(server, { redirect_uris: [redirect_uri] })
  const error = await server.fetch(authorizePath(clientId, newPkce(), { redirect_uri, response_type: 'x' }))
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(clientId, newPkce(), { redirect_uri }))).text()
  const state =
    new URL((await browser.press(page, 'approve')).headers.get('location') ?? '').searchParams.get('state') ?? ''
  const signedIn = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
  return { error, signedIn, events: server.log.map(({ event }) => event) }
}

test.each([
  'https://claude.ai/api/mcp/auth_callback',
  'https://claude.ai/any?path=and&query',
  'https://one.example/callback',
  'https://many.example/callbacks/4711',
])('the browser is redirected without a click to a trusted address: %s [A-17]', async (uri) => {
  const { error, signedIn } = await answersFor(uri)
  expect([error.status, signedIn.status]).toEqual([303, 303])
  expect(signedIn.headers.get('location')).toMatch(/[?&]code=/)
})

test.each([
  'https://evil-claude.ai/',
  'https://claude.ai.evil.example/',
  'https://sub.claude.ai/',
  'https://claude.ai:8443/',
  'https://one.example/',
  'https://one.example/callback/',
  'https://one.example/callback-of-somebody-else',
  'https://one.example/callback?next=https://evil.example/',
  'https://one.example/callback%2f..%2fredirect',
  'https://many.example/redirect',
  'https://many.example/callbacks/%2e%2e%2fredirect',
  'https://many.example/callbacks/..%5credirect',
  'https://many.example/callbacks/4711?next=https://evil.example/',
])('errors are shown on a page, and a sign-in must be confirmed, for an untrusted address: %s [A-17]', async (uri) => {
  const { error, signedIn, events } = await answersFor(uri)
  expect([error.status, error.headers.get('location')]).toEqual([400, null])
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([200, null])
  expect(await signedIn.text()).toContain('value="confirm"')
  expect(events).not.toContain('code_issued')
})

test.each(['https://many.example/callbacks/../redirect', 'https://many.example/callbacks/%2e%2e/redirect'])(
  'a path that climbs cannot even be registered: %s [A-06]',
  async (uri) => expect(await register(createHarness({ trustedRedirects }), { redirect_uris: [uri] })).toBeUndefined(),
)
