import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { deploy } from '../support/deploy.ts'
import { expectExactly, sendFrom, statusesOf } from '../support/from-address.ts'
import { type AuthorizationRequest, codeOf, locationOf, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Publisher, startPublisher } from '../support/publisher.ts'
import { json, type Sent, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { operationsOnThePath } from '../support/store-path.ts'
import { day, longWindow } from '../support/window.ts'

const registrationLimit = 5
/** Seconds. */
const window = longWindow()
const registration = json(JSON.stringify({ redirect_uris: ['http://127.0.0.1:7777/callback'] }))

let stack: Stack
let publisher: Publisher

beforeAll(async () => {
  publisher = await startPublisher()
  stack = await startStack({
    hosts: 2,
    settings: {
      ...publisher.settings,
      MCP_OAUTH_LIMIT_EXEMPT: '127.0.1.0/24',
      MCP_OAUTH_REGISTER_LIMIT: String(registrationLimit),
      // The overall limit counts a random sample, and later; these tests count store operations.
      MCP_OAUTH_REGISTER_TOTAL_LIMIT: '0',
      MCP_OAUTH_CIMD_LIMIT: '3',
      MCP_OAUTH_REGISTER_WINDOW_SEC: String(window),
      MCP_OAUTH_CIMD_WINDOW_SEC: String(window),
    },
  })
})
afterAll(async () => {
  await stack.stop()
  await publisher.stop()
})
beforeEach(() => {
  stack.emulator.clearFaults()
  publisher.behaves('well')
})

let callers = 0
/** A network address that has sent nothing yet. */
const newAddress = () => `127.0.0.${100 + callers++}`

const from = (address: string, host: number, path: string, sent?: Sent) => sendFrom(stack, address, host, path, sent)

describe('registration', () => {
  const registerFrom = (address: string, host = 0, headers: Sent['headers'] = {}) =>
    from(address, host, '/oauth/register', { ...registration, headers: { ...registration.headers, ...headers } })

  test('of 30 parallel registrations from one address, on two hosts, exactly the limit passes; the others get 429 [R-12 O-11]', async () => {
    const address = newAddress()
    const registrations = { status: 201, limit: registrationLimit, name: 'registrations' }
    const [refused] = await expectExactly(stack, registrations, (i) => registerFrom(address, i % 2), 30)
    expect(JSON.parse(refused.text)).toMatchObject({ error: 'temporarily_unavailable' })
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait > 0 && wait <= window).toBe(true)
    expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After')
    expect((await registerFrom(newAddress())).status).toBe(201)
  })

  test('a header in the request does not reset the limit [R-12]', async () => {
    const address = newAddress()
    for (let i = 0; i < registrationLimit; i++) await registerFrom(address)
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'client-ip', 'x-nf-client-connection-ip']) {
      expect((await registerFrom(address, 1, { [name]: '127.0.1.1' })).status).toBe(429)
    }
  })

  test('requests of web pages do not count against programs at the same address', async () => {
    const address = newAddress()
    const page = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
    const ofPages = { status: 201, limit: registrationLimit, name: 'registrations' }
    await expectExactly(stack, ofPages, (i) => registerFrom(address, i % 2, page), 20)
    for (let i = 0; i < registrationLimit; i++) expect((await registerFrom(address, i % 2)).status).toBe(201)
    expect((await registerFrom(address)).status).toBe(429)
    // A page cannot register without limit either.
    expect((await registerFrom(address, 0, { ...page, origin: 'https://another.example' })).status).toBe(429)
  })

  test('a new instance knows which addresses are over the limit', async () => {
    const address = newAddress()
    for (let i = 0; i < registrationLimit; i++) await registerFrom(address)
    await stack.hosts()[0]?.kill()
    await stack.restartHost(0)
    expect((await registerFrom(address)).status).toBe(429)
  })

  test('an exempt range is not limited [R-12]', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => registerFrom('127.0.1.7')))
    expect(statusesOf(answers)).toEqual(Array(20).fill(201))
  })

  test('an address over its limit costs no store operation, and neither does a refused registration', async () => {
    const address = newAddress()
    for (let i = 0; i < registrationLimit; i++) await registerFrom(address)
    const before = stack.emulator.operations().at(-1)?.sequence
    for (let i = 0; i < 10; i++) expect((await registerFrom(address)).status).toBe(429)
    const junk = { ...json('{"redirect_uris":["javascript:alert(1)"]}') }
    for (let i = 0; i < 10; i++) expect((await from(newAddress(), 0, '/oauth/register', junk)).status).toBe(400)
    expect(operationsOnThePath(stack, before)).toEqual([])
  })

  test('while the store is down no request is refused, and the log says so', async () => {
    const address = newAddress()
    stack.emulator.addFault({ action: 'hang', key: '^limits/' })
    const answers = await Promise.all(Array.from({ length: 10 }, () => registerFrom(address)))
    expect(statusesOf(answers)).toEqual(Array(10).fill(201))
    const line = () => stack.logs.filter((text) => text.includes('"limit_unavailable"')).at(-1)
    await vi.waitFor(() => expect(line()).toContain('"limit":"registrations"'))
    expect(line()).not.toContain(address)
  })

  test('the store holds no address', async () => {
    const keys = stack.emulator.operations().map(({ key }) => key)
    expect(keys.filter((key) => key.startsWith('limits/')).length).toBeGreaterThan(registrationLimit)
    expect(keys.filter((key) => key.includes('127.0.'))).toEqual([])
  })
})

/** A known client receives the error about its request. */
const known = 303

describe('clients with a metadata document', () => {
  const authorizeFrom = (address: string, host: number, clientId: string, headers: Sent['headers'] = {}) =>
    from(address, host, `/oauth/authorize?${new URLSearchParams({ client_id: clientId })}`, { headers })

  test('one address may cause three fetches on two hosts; then a page says when to retry [M-14]', async () => {
    const address = newAddress()
    for (const host of [0, 1, 0]) {
      expect((await authorizeFrom(address, host, publisher.newClientId())).status).toBe(known)
    }
    const fetched = publisher.fetched()
    const page = await authorizeFrom(address, 1, publisher.newClientId(), { accept: 'text/html' })
    expect([page.status, page.text.includes('Too many sign-ins')]).toEqual([429, true])
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    const forPrograms = await authorizeFrom(address, 0, publisher.newClientId(), { accept: 'application/json' })
    expect([forPrograms.status, JSON.parse(forPrograms.text).error]).toEqual([429, 'temporarily_unavailable'])
    expect(publisher.fetched()).toBe(fetched)
  })

  test('junk assertions, which any web page can post from its visitors’ addresses, do not count against those addresses [M-14 O-11]', async () => {
    const address = newAddress()
    const part = (members: object) => Buffer.from(JSON.stringify(members)).toString('base64url')
    const post = (host: number, path: string) => {
      const clientId = publisher.newClientId()
      const claims = { iss: clientId, sub: clientId, aud: stack.url, exp: Math.floor(Date.now() / 1000) + 60, jti: 'x' }
      return from(address, host, path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' },
        body: String(
          new URLSearchParams({
            grant_type: 'refresh_token',
            token: 'x',
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
            client_assertion: `${part({ alg: 'ES256' })}.${part(claims)}.AAAA`,
          }),
        ),
      })
    }
    const answers: Awaited<ReturnType<typeof post>>[] = []
    for (let i = 0; i < 12; i++) answers.push(await post(i % 2, i % 4 < 2 ? '/oauth/token' : '/oauth/revoke'))
    expect(statusesOf(answers)).toEqual([...Array(3).fill(401), ...Array(9).fill(429)])
    for (const host of [0, 1, 0]) {
      expect((await authorizeFrom(address, host, publisher.newClientId())).status).toBe(known)
    }
    expect((await authorizeFrom(address, 0, publisher.newClientId())).status).toBe(429)
  })

  test('a cached document is not counted', async () => {
    const [address, clientId] = [newAddress(), publisher.newClientId()]
    const ask = async () => (await authorizeFrom(address, 0, clientId)).status
    expect(await ask()).toBe(known)
    expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill(known))
  })
})

/** Goes from the consent page to the code, with the mock provider. */
async function signIn(authorization: AuthorizationRequest): Promise<string> {
  const browser = createWatchedBrowser()
  const page = await openConsentPage(browser, authorization.url)
  const upstream = locationOf(await page.press('approve'))
  const callback = locationOf(await browser.fetch(upstream))
  return codeOf(locationOf(await browser.fetch(callback)))
}

const register = (url: string, headers: Sent['headers'] = {}) =>
  send(`${url}/oauth/register`, { ...registration, headers: { ...registration.headers, ...headers } })

describe('MCP_OAUTH_REGISTER_LIMIT, MCP_OAUTH_REGISTER_WINDOW_SEC, MCP_OAUTH_CIMD_LIMIT, MCP_OAUTH_CIMD_WINDOW_SEC', () => {
  const notExempt = { MCP_OAUTH_LIMIT_EXEMPT: '' }

  test('the window decides the Retry-After', async () => {
    const limits = { MCP_OAUTH_REGISTER_LIMIT: '1', MCP_OAUTH_CIMD_LIMIT: '1' }
    const [ofRegistrations, ofDocuments] = [longWindow(day - 1), longWindow(day - 2)]
    const windows = {
      MCP_OAUTH_REGISTER_WINDOW_SEC: String(ofRegistrations),
      MCP_OAUTH_CIMD_WINDOW_SEC: String(ofDocuments),
    }
    const { url } = await deploy(stack, { ...notExempt, ...limits, ...windows })
    const ask = [
      [() => register(url), ofRegistrations],
      [() => send(`${url}/oauth/authorize?client_id=${publisher.newClientId()}`), ofDocuments],
    ] as const
    for (const [asked, window] of ask) {
      await asked()
      const { status, headers } = await asked()
      const left = window - (Math.floor(Date.now() / 1000) % window)
      expect(status).toBe(429)
      expect(Math.abs(Number(headers.get('retry-after')) - left)).toBeLessThan(10)
    }
  })

  test('MCP_OAUTH_REGISTER_TOTAL_LIMIT limits all addresses together, below the limit of each; other requests keep working [R-12]', async () => {
    const limits = { MCP_OAUTH_REGISTER_LIMIT: '0', MCP_OAUTH_REGISTER_TOTAL_LIMIT: '3' }
    const { url } = await deploy(stack, { ...notExempt, ...limits, MCP_OAUTH_REGISTER_WINDOW_SEC: String(window) })
    // A request that passes is counted after the answer.
    await vi.waitFor(async () => expect((await register(url)).status).toBe(429))
    const refused = await register(url)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await send(`${url}/oauth/authorize?client_id=${publisher.newClientId()}`)).status).toBe(known)
  })

  test('0 disables them', async () => {
    const { url } = await deploy(stack, { ...notExempt, MCP_OAUTH_REGISTER_LIMIT: '0', MCP_OAUTH_CIMD_LIMIT: '0' })
    for (let i = 0; i < 25; i++) expect((await register(url)).status).toBe(201)
    for (let i = 0; i < 35; i++) {
      expect((await send(`${url}/oauth/authorize?client_id=${publisher.newClientId()}`)).status).toBe(known)
    }
  })
})

/** The address as in the keys of its records. */
const hashOf = (clientId: string) => createHash('sha256').update(clientId).digest('base64url')

describe('the last good copy of a document [M-12]', () => {
  test('works while its host is down, after one completed sign-in; costs no store operation while the host is up', async () => {
    const before = await deploy(stack, {})
    const client = await registerClient(before.url)
    const [used, unused] = [publisher.newClientId(), publisher.newClientId()]
    const sequence = stack.emulator.operations().at(-1)?.sequence
    const request = client.authorizationRequest({ client_id: used })
    const code = await signIn(request)
    await send(client.authorizationRequest({ client_id: unused }).url)
    expect(operationsOnThePath(stack, sequence)).toEqual([])
    tokensOf(await client.redeem(request, code, { client_id: used }))
    const copies = () => stack.emulator.operations(sequence).filter(({ key }) => key.startsWith('client-documents/'))
    await vi.waitFor(() => expect(copies().map(({ method, status }) => [method, status])).toEqual([['PUT', 200]]))

    const { lines } = await before.follow({})
    publisher.behaves('down')
    const statusOf = async (clientId: string) =>
      (await send(client.authorizationRequest({ client_id: clientId }).url)).status
    expect([await statusOf(used), await statusOf(unused)]).toEqual([200, 503])
    await vi.waitFor(() => expect(lines.join('\n')).toContain(`"client_copy_used"`))
    publisher.behaves('gone')
    expect([await statusOf(used), await statusOf(unused)]).toEqual([400, 400])
  })

  test('works at an address that another user has brought over its limit', async () => {
    // This test has a window of its own, because all users here have one address.
    const settings = {
      MCP_OAUTH_CIMD_LIMIT: '2',
      MCP_OAUTH_CIMD_WINDOW_SEC: String(longWindow(day - 5)),
      MCP_OAUTH_LIMIT_EXEMPT: '',
    }
    const before = await deploy(stack, settings)
    const [client, clientId] = [await registerClient(before.url), publisher.newClientId()]
    const request = client.authorizationRequest({ client_id: clientId })
    tokensOf(await client.redeem(request, await signIn(request), { client_id: clientId }))
    const copied = `client-documents/\\d+/${hashOf(clientId)}`
    const written = () => stack.emulator.operations().filter(({ method }) => method === 'PUT')
    await vi.waitFor(() => expect(written().map(({ key }) => key)).toContainEqual(expect.stringMatching(copied)))

    await before.follow(settings)
    const statusOf = async (id: string) => (await send(client.authorizationRequest({ client_id: id }).url)).status
    const others = [publisher.newClientId(), publisher.newClientId()]
    for (const id of others) await statusOf(id)
    expect([await statusOf(publisher.newClientId()), await statusOf(clientId)]).toEqual([429, 200])
  })

  test('cannot be planted by a writer of the store, with any time', async () => {
    const before = await deploy(stack, {})
    const [client, clientId] = [await registerClient(before.url), publisher.newClientId()]
    const store = stack.store()
    const signal = new AbortController().signal
    const evil = { client_id: clientId, client_name: 'Example', redirect_uris: ['https://evil.example/cb'] }
    const week = 7 * day
    const seconds = Math.floor(Date.now() / 1000)
    publisher.behaves('down')
    for (const keptAt of [seconds, seconds + 1, 4_000_000_000]) {
      for (const end of [2, 1].map((weeks) => (Math.floor(seconds / week) + weeks) * week)) {
        await store.put(`client-documents/${end}/${hashOf(clientId)}`, { document: evil, keptAt }, signal)
      }
      const { url } = client.authorizationRequest({ client_id: clientId, redirect_uri: 'https://evil.example/cb' })
      const page = await send(url)
      expect([page.status, page.headers.get('location')]).toEqual([503, null])
    }
  })
})

test('an invalid setting is a misconfiguration', async () => {
  const wrong = {
    MCP_OAUTH_LIMIT_EXEMPT: '10.0.0.0',
    MCP_OAUTH_REGISTER_LIMIT: '-1',
    MCP_OAUTH_REGISTER_WINDOW_SEC: '0',
    MCP_OAUTH_REGISTER_TOTAL_LIMIT: '1000001',
    MCP_OAUTH_CIMD_LIMIT: 'many',
    MCP_OAUTH_CIMD_WINDOW_SEC: '1 h',
    MCP_OAUTH_REGISTRATION_TOKEN: 'short',
    MCP_OAUTH_DCR: 'no',
    MCP_OAUTH_CIMD_ALLOWED_HOSTS: 'https://clients.example.com',
    MCP_OAUTH_BLOCKED_CLIENTS: '*.example.com',
  }
  const { url, lines } = await deploy(stack, wrong)
  expect((await register(url)).status).toBe(503)
  await vi.waitFor(() => expect(lines.join('\n')).toContain('"misconfigured"'))
  for (const name of Object.keys(wrong)) expect(lines.join('\n')).toContain(name)
})
