import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  register,
  sealedRequest,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'

const untrusted = 'https://app.example/callback'
const unknownDocument = 'https://publisher.example/client.json'
const tryLater = { kind: 'limited', retryAfter: 60, detail: 'too many documents' } as const

/** A browser at each step of a sign-in, and the request that takes the step. */
const steps: Readonly<Record<string, (server: Harness) => Promise<(headers: HeadersInit) => Promise<Response>>>> = {
  'the consent page': async (server) => {
    const clientId = await register(server)
    return (headers) => new TestBrowser(server).open(authorizePath(clientId, newPkce()), { headers })
  },
  'the consent page by its old path': async (server) => {
    const path = authorizePath(await register(server), newPkce()).replace('/oauth', '')
    return (headers) => new TestBrowser(server).open(path, { headers })
  },
  'the approval': async (server) => {
    const { browser, page } = await atConsent(server)
    return (headers) => browser.press(page, 'approve', headers)
  },
  'the callback': async (server) => {
    const { browser, callback } = await atCallback(server)
    return (headers) => browser.open(callback, { headers })
  },
  'the confirmation': async (server) => {
    const { browser, callback, state } = await atCallback(server)
    await browser.open(callback)
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: server.issuer }
    return (headers) =>
      browser.open('/oauth/confirm', {
        method: 'POST',
        headers: { ...form, ...Object.fromEntries(new Headers(headers)) },
        body: new URLSearchParams({ state, action: 'confirm' }),
      })
  },
}

async function atConsent(server: Harness) {
  const browser = new TestBrowser(server)
  const clientId = await register(server, { redirect_uris: [untrusted] })
  const page = await (await browser.open(authorizePath(clientId, newPkce(), { redirect_uri: untrusted }))).text()
  sealedRequest(page)
  return { browser, page }
}

async function atCallback(server: Harness) {
  const { browser, page } = await atConsent(server)
  const approved = await browser.press(page, 'approve')
  const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
  return { browser, state, callback: `/mcp/callback?${new URLSearchParams({ state, code: 'x' })}` }
}

const destinations = [
  'empty',
  'image',
  'iframe',
  'frame',
  'fencedframe',
  'embed',
  'object',
  'script',
  'style',
  'worker',
  'serviceworker',
  'manifest',
  'video',
  'document, empty',
  'empty, document',
  'Document',
]

describe.each(Object.entries(steps))('%s', (_step, prepare) => {
  test.each(destinations)('refuses Sec-Fetch-Dest: %s, and the step can still be taken [C-08 A-18]', async (dest) => {
    const server = createHarness()
    const take = await prepare(server)
    const issued = () => server.log.filter(({ event }) => event === 'code_issued').length
    const refused = await take({ 'sec-fetch-dest': dest, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })
    expect([refused.status, refused.headers.get('location'), refused.headers.getSetCookie(), issued()]).toEqual([
      403,
      null,
      [],
      0,
    ])
    expect(await refused.text()).not.toMatch(/name="request"|name="state"/)
    expect((await take({ 'sec-fetch-dest': 'document', 'sec-fetch-site': 'same-origin' })).status).toBeLessThan(400)
  })

  test.each([{}, { 'sec-fetch-dest': 'document' }, { 'sec-fetch-dest': 'document, document' }])(
    'accepts a request with %j [C-08]',
    async (headers) => {
      expect((await (await prepare(createHarness()))(headers)).status).toBeLessThan(400)
    },
  )
})

test.each(['text/html', 'application/json', '*/*', ''])(
  'a client that probes the authorization endpoint with Accept: %s, or without PKCE, is answered as before [A-04]',
  async (accept) => {
    const server = createHarness()
    const clientId = await register(server)
    // The headers of Node's fetch and of undici, and the preflight of mcp-remote, which has no parameters.
    const headers = { accept, 'sec-fetch-mode': 'cors', 'user-agent': 'node' }
    expect((await server.fetch(authorizePath(clientId, newPkce()), { headers })).status).toBe(200)
    expect((await server.fetch('/oauth/authorize', { headers })).status).toBe(400)
  },
)

describe('the limit of an address', () => {
  test('is not used up by images on a web page, because no document is fetched for them [M-14 O-11]', async () => {
    const server = createHarness({ documents: { [unknownDocument]: tryLater } })
    const path = authorizePath(unknownDocument, newPkce())
    for (const dest of ['image', 'empty', 'iframe', 'script']) {
      const headers = { 'sec-fetch-dest': dest, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
      expect((await server.fetch(path, { headers })).status, 'not 429: no request was counted').toBe(403)
    }
    expect((await server.fetch(path, { headers: { 'sec-fetch-dest': 'document' } })).status).toBe(429)
  })
})

describe.each([
  ['sec-purpose', 'prefetch'],
  ['sec-purpose', 'prefetch;prerender'],
  ['sec-purpose', 'prefetch;anonymous-client-ip'],
  ['purpose', 'prefetch'],
  ['x-purpose', 'preview'],
  ['x-moz', 'prefetch'],
])('a browser that prefetches with %s: %s', (name, value) => {
  test.each(Object.keys(steps).filter((step) => step.startsWith('the c') && step !== 'the confirmation'))(
    'takes no step: %s still works when the user opens it [C-10]',
    async (step) => {
      const take = await (steps[step]?.(createHarness()) ?? Promise.reject(new Error(step)))
      for (const dest of ['document', 'empty', '']) {
        const ahead = await take({ [name]: value, 'sec-fetch-dest': dest })
        expect([ahead.status, ahead.headers.get('cache-control'), ahead.headers.getSetCookie()]).toEqual([
          503,
          'no-store',
          [],
        ])
      }
      expect((await take({ 'sec-fetch-dest': 'document' })).status).toBe(200)
    },
  )
})
