import { expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { keepSecretsOf } from '../../../dev/worlds/secrets.ts'
import { defaultBrand } from '../../pages/brand.ts'
import { PageError } from '../errors.ts'
import { createSealing } from '../keys/sealing.ts'
import type { OfferedProvider } from '../providers/provider.ts'
import { createTrail } from '../trail.ts'
import { createSessionSignIn } from './session-sign-in.ts'

const origin = 'https://docs.example'

/** The sign-in to our pages with a button for one provider, and another one that is found by the domain of an address. */
function world() {
  const logged: unknown[] = []
  const provider = (name: string | undefined, more: Partial<OfferedProvider>): OfferedProvider => ({
    ...{ id: String(name), name, label: String(name), emailDomains: [], byDomainOnly: false, ...more },
    authorizationUrl: async ({ state }) => new URL(`https://${name}.example/authorize?state=${state}`),
    identify: () => Promise.reject(new Error('no sign-in comes back')),
  })
  const first = provider('google', {})
  const signIn = createSessionSignIn({
    ...{ origin, brand: defaultBrand, sealing: createSealing(origin, newSecrets()), now: Date.now },
    log: recorded((...line) => logged.push(line)),
    provider: first,
    providers: [first, provider('looms', { emailDomains: ['looms.example'], byDomainOnly: true })],
    start: () => Promise.reject(new Error('no session starts')),
  })
  async function send(init: RequestInit, query = '') {
    const call = { signal: AbortSignal.timeout(8000), requestId: 'r', waitUntil: () => {} }
    const response = await signIn.login(new Request(`${origin}/login${query}`, init), {
      ...call,
      trail: createTrail({}, call),
    })
    await keepSecretsOf(response)
    const location = response.headers.get('location')
    return {
      status: response.status,
      location: location === null ? null : new URL(location),
      html: await response.text(),
    }
  }
  const post = (fields: string, headers: Record<string, string> = { origin, 'sec-fetch-site': 'same-origin' }) =>
    send({
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: `return=%2Faccount&${fields}`,
    })
  return { logged, post, get: (query: string) => send({}, query) }
}

test('a posted address finds the provider of its domain, and is in no URL and no log', async () => {
  const { post, logged } = world()
  for (const address of ['Ada@Looms.example', ' ada@mail.looms.example ']) {
    const { status, location } = await post(new URLSearchParams({ address }).toString())
    expect([status, location?.host]).toEqual([303, 'looms.example'])
    expect(location?.href).not.toMatch(/ada/i)
  }
  expect(JSON.stringify(logged)).not.toMatch(/ada/i)
})

test.each([
  ['', 'Enter your whole email address.'],
  ['   ', 'Enter your whole email address.'],
  ['ada', 'Enter your whole email address.'],
  ['ada@', 'Enter your whole email address.'],
  ['@elsewhere.example', 'Enter your whole email address.'],
  ['ada@looms', 'Enter your whole email address.'],
  ['ada lovelace@elsewhere.example', 'Enter your whole email address.'],
  ['ada@elsewhere.example', 'No company sign-in is set up for that address.'],
  ['"><script>@elsewhere.example', 'No company sign-in is set up for that address.'],
  ['ada@elsewhere.example'.padStart(9000, 'a'), 'No company sign-in is set up for that address.'],
])('the address %j has a message, and stays in the field', async (address, message) => {
  const { status, html } = await world().post(new URLSearchParams({ address }).toString())
  expect([status, /role="alert">([^<]*)/.exec(html)?.[1]]).toEqual([200, message])
  const kept = /<input class="field"[^>]* value="([^"]*)"/.exec(html)?.[1] ?? ''
  expect(kept.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>')).toBe(address)
  // The same choice is offered again, with the same way back.
  expect(html).toContain('<form method="post" action="/login">')
  expect(html).toContain('name="return" value="/account"')
})

test('a form without the field counts as one with an empty field; two fields are refused', async () => {
  expect((await world().post('fresh=true')).html).toContain('Enter your whole email address.')
  await expect(world().post('address=a%40looms.example&address=b%40looms.example')).rejects.toThrow(PageError)
})

test('an address in the URL is ignored: the page asks for it', async () => {
  const { status, html } = await world().get('?return=/account&address=ada%40looms.example')
  expect([status, html.includes('role="alert"'), html.includes('ada')]).toEqual([200, false, false])
})

test.each<[string, Record<string, string>]>([
  ['another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['another origin of the same site', { origin: 'https://www.docs.example', 'sec-fetch-site': 'same-site' }],
  ['an opaque origin', { origin: 'null' }],
  ['no origin', {}],
])('a form posted by %s starts no sign-in [C-08]', async (_, headers) => {
  const posted = world().post('address=ada%40looms.example', headers)
  await expect(posted).rejects.toMatchObject({ kind: 'cross-site' })
})
