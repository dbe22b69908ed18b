import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { newPkce, sealedRequest } from '../../dev/worlds/authorization-server.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../base/sha256.ts'
import { newSecret } from '../settings/secrets.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type AuthorizationServerOptions, createAuthorizationServer, InvalidOptions, type Provider } from './index.ts'

const issuer = 'https://auth.example'
const redirectUri = 'http://127.0.0.1:7777/callback'

const provider: Provider = {
  id: 'test',
  authorizationUrl: async ({ state }) => new URL(`https://login.example/authorize?state=${state}`),
  identify: async () => ({ issuer: 'https://login.example/', sub: 'agent-7', email: 'agent@helpdesk.example' }),
}

function serverWith(more: Partial<AuthorizationServerOptions> = {}) {
  const secret = newSecret()
  keepSecret(secret)
  const options: AuthorizationServerOptions = {
    issuer,
    secret,
    store: createMemoryStore(),
    provider,
    resource: {
      url: `${issuer}/tickets/mcp`,
      name: 'Example Tickets',
      scopes: [
        { name: 'tickets:read', text: 'Read your tickets', initial: true },
        { name: 'tickets:write', text: 'Change your tickets' },
        { name: 'tickets:export', text: 'Export tickets', optional: true },
      ],
    },
    brand: { name: 'Example Helpdesk', provider: 'Example ID' },
    ...more,
  }
  const server = createAuthorizationServer(options)
  const cookies = new Map<string, string>()
  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await server.handle(new Request(issuer + path, { ...init, headers }), { address: '192.0.2.7' })
    if (!response) throw new Error(`no answer at ${path}`)
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return response
  }
  const post = (path: string, form: Record<string, string>, headers = {}) =>
    send(path, { method: 'POST', body: new URLSearchParams(form), headers })
  async function register(uri = redirectUri): Promise<string> {
    const body = JSON.stringify({ client_name: 'Agent', redirect_uris: [uri] })
    const response = await send('/oauth/register', { method: 'POST', headers: { 'content-type': 'application/json' }, body }) // biome-ignore format: one line
    return (await response.json()).client_id
  }
  /** A user signs in through the pages. Returns the consent page and the answer of the token endpoint. */
  async function signIn(clientId: string, more: Record<string, string> = {}) {
    const pkce = newPkce()
    const request = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code', state: 's', ...more }
    const challenge = { code_challenge: pkce.challenge, code_challenge_method: 'S256' }
    const page = await (await send(`/oauth/authorize?${new URLSearchParams({ ...request, ...challenge })}`)).text()
    const form = { request: sealedRequest(page), action: 'approve' }
    const approved = await post('/oauth/approve', form, { origin: issuer, 'sec-fetch-site': 'same-origin' })
    const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const back = await send(`/oauth/callback?${new URLSearchParams({ state, code: 'c' })}`)
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const redeem = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
    const tokens = await (await post('/oauth/token', redeem)).json()
    return { page, tokens }
  }
  const refresh = async (clientId: string, token: string) => {
    const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token }
    return (await post('/oauth/token', form)).json()
  }
  return { server, send, post, register, signIn, refresh, options }
}

describe('an authorization server of another MCP server', () => {
  test('has its own scopes, paths and words, and none of a documentation site', async () => {
    const { send, register, signIn } = serverWith()
    const metadata = await (await send('/.well-known/oauth-authorization-server')).json()
    expect(metadata.scopes_supported).toEqual(['tickets:read', 'tickets:write', 'tickets:export', 'offline_access'])
    const resource = await (await send('/.well-known/oauth-protected-resource/tickets/mcp')).json()
    expect(resource).toMatchObject({
      resource: `${issuer}/tickets/mcp`,
      resource_name: 'Example Tickets',
      scopes_supported: ['tickets:read'],
    })
    const { page } = await signIn(await register(), { scope: 'tickets:read tickets:write tickets:export' })
    expect(page).toContain('Read your tickets')
    expect(page).toContain('they show Example Helpdesk who uses Example Tickets')
    expect(page).toContain('name="leave_out" value="tickets:export"')
    expect(page).not.toMatch(/docs|documentation|kapa|redpanda|question/i)
  })

  test('a client steps up, refreshes, and is refused after revocation', async () => {
    const { post, register, signIn, refresh } = serverWith()
    const clientId = await register()
    const { tokens } = await signIn(clientId)
    expect(decodeJwt(tokens.access_token)).toMatchObject({ aud: `${issuer}/tickets/mcp`, scope: 'tickets:read' })
    const { tokens: more } = await signIn(clientId, { scope: 'tickets:read tickets:write docs:read' })
    expect(more.scope).toBe('tickets:read tickets:write')
    const next = await refresh(clientId, more.refresh_token)
    expect(next.scope).toBe('tickets:read tickets:write')
    await post('/oauth/revoke', { client_id: clientId, token: next.refresh_token })
    expect((await refresh(clientId, next.refresh_token)).error).toBe('invalid_grant')
    expect((await refresh(clientId, tokens.refresh_token)).scope).toBe('tickets:read')
  })

  test('the host ends a person, and the rule of the host decides who has which scope', async () => {
    const readers = new Set<string>()
    const signIns: string[] = []
    const { server, register, signIn, refresh } = serverWith({
      mayHave: (scope, { email = '' }) => scope === 'tickets:read' || !readers.has(email),
      onSignIn: async ({ sub }) => void signIns.push(sub),
    })
    const clientId = await register()
    const { tokens } = await signIn(clientId, { scope: 'tickets:read tickets:write' })
    expect(tokens.scope).toBe('tickets:read tickets:write')
    readers.add('agent@helpdesk.example')
    const next = await refresh(clientId, tokens.refresh_token)
    expect(next.scope).toBe('tickets:read')
    await server.settled()
    const { sub = '' } = decodeJwt(tokens.access_token)
    expect(signIns).toEqual([sub])
    expect(await server.endPerson(sub)).toBe(1)
    expect((await refresh(clientId, next.refresh_token)).error).toBe('invalid_grant')
  })

  test('a resource at another origin has its metadata there', async () => {
    const { options } = serverWith()
    const { server, send } = serverWith({ resource: { ...options.resource, url: 'https://tools.example/mcp' } })
    const paths = ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp', '/mcp', '/']
    for (const path of paths) expect(await server.handle(new Request(issuer + path))).toBeUndefined()
    const { protected_resources } = await (await send('/.well-known/oauth-authorization-server')).json()
    expect(protected_resources).toEqual(['https://tools.example/mcp', 'https://tools.example/mcp/'])
  })

  test('maintenance removes what has expired, and keeps what lives', async () => {
    let time = Date.UTC(2026, 10, 21)
    const { server, options, register, signIn, refresh } = serverWith({ now: () => time })
    const clientId = await register()
    const { tokens } = await signIn(clientId)
    expect(await server.maintain()).toEqual({ removed: 0, finished: true })
    time += 20 * 86_400_000
    await server.maintain()
    const next = await refresh(clientId, tokens.refresh_token)
    expect(next.scope).toBe('tickets:read')
    time += 250 * 86_400_000
    expect((await server.maintain()).removed).toBeGreaterThan(0)
    const { keys } = await options.store.list('2027', AbortSignal.timeout(5_000))
    expect(keys).toEqual([])
  })

  test('a request that fails is logged, and the caller learns nothing', async () => {
    const log: string[] = []
    const failing: Provider = { ...provider, authorizationUrl: () => Promise.reject(new Error('a bug')) }
    const { send, post, register } = serverWith({
      provider: failing,
      log: recorded((event, fields) => log.push(`${event} ${JSON.stringify(fields)}`)),
    })
    const pkce = newPkce()
    const request = { client_id: await register(), redirect_uri: redirectUri, response_type: 'code' }
    const challenge = { code_challenge: pkce.challenge, code_challenge_method: 'S256' }
    const page = await (await send(`/oauth/authorize?${new URLSearchParams({ ...request, ...challenge })}`)).text()
    const form = { request: sealedRequest(page), action: 'approve' }
    const answer = await post('/oauth/approve', form, { origin: issuer, 'sec-fetch-site': 'same-origin' })
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('a bug')
    expect(log.join('\n')).toContain('a bug')
  })
})

describe('what protects the server', () => {
  const client = { client_name: 'Agent', redirect_uris: [redirectUri] }
  const registration = (headers = {}, more = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...client, ...more }),
  })

  test('every answer has the headers for browsers, a refusal too', async () => {
    const { send } = serverWith()
    for (const path of ['/.well-known/oauth-authorization-server', '/oauth/authorize', '/oauth/token']) {
      const { headers } = await send(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('strict-transport-security')).toContain('max-age')
    }
  })

  test('an address registers 20 clients an hour, if no limit is named', async () => {
    const { send } = serverWith()
    const statuses: number[] = []
    for (let count = 0; count < 21; count++) statuses.push((await send('/oauth/register', registration())).status)
    expect(statuses).toEqual([...Array(20).fill(201), 429])
  })

  test('registration can be off, or need a token', async () => {
    const off = serverWith({ clients: { registration: false } }).server
    expect(await off.handle(new Request(`${issuer}/oauth/register`, registration()))).toBeUndefined()
    const registrationToken = newSecret()
    keepSecret(registrationToken)
    const { send } = serverWith({ clients: { registrationToken } })
    expect((await send('/oauth/register', registration())).status).toBe(401)
    expect((await send('/oauth/register', registration({ authorization: 'Bearer guess' }))).status).toBe(401)
    const right = registration({ authorization: `Bearer ${registrationToken}` })
    expect((await send('/oauth/register', right)).status).toBe(201)
  })

  test('no client registers a redirect URI at the server itself', async () => {
    const { send } = serverWith()
    const own = registration({}, { redirect_uris: [`${issuer}/oauth/callback`] })
    expect((await send('/oauth/register', own)).status).toBe(400)
  })
})

test('a client that the host has blocked neither signs in nor refreshes', async () => {
  const { options, register, signIn } = serverWith()
  const clientId = await register()
  const { tokens } = await signIn(clientId)
  const blocking = serverWith({ ...options, clients: { blocked: [sha256(clientId)] } })
  const page = await blocking.send(`/oauth/authorize?${new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri })}`) // biome-ignore format: one line
  expect(page.status).toBe(400)
  expect((await blocking.refresh(clientId, tokens.refresh_token)).error).toBe('invalid_client')
})

test('a web client of an unknown host gets its code only after a second question', async () => {
  const { send, post, register, server } = serverWith()
  const web = 'https://unknown.example/callback'
  const request = { client_id: await register(web), redirect_uri: web, response_type: 'code', code_challenge: newPkce().challenge, code_challenge_method: 'S256' } // biome-ignore format: one line
  const page = await (await send(`/oauth/authorize?${new URLSearchParams(request)}`)).text()
  const form = { request: sealedRequest(page), action: 'approve' }
  const approved = await post('/oauth/approve', form, { origin: issuer, 'sec-fetch-site': 'same-origin' })
  const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const back = await send(`/oauth/callback?${new URLSearchParams({ state, code: 'c' })}`)
  expect([back.status, back.headers.get('location')]).toEqual([200, null])
  expect(await back.text()).toContain('unknown.example')
  await server.settled()
})

test('also a trusted client whose user comes directly gets the consent page', async () => {
  const { send, register } = serverWith({ clients: { trustedRedirects: ['trusted.example'] } })
  const web = 'https://trusted.example/callback'
  const request = { client_id: await register(web), redirect_uri: web, response_type: 'code', code_challenge: newPkce().challenge, code_challenge_method: 'S256' } // biome-ignore format: one line
  const page = await send(`/oauth/authorize?${new URLSearchParams(request)}`, { headers: { 'sec-fetch-site': 'none' } })
  expect([page.status, page.headers.get('location')]).toEqual([200, null])
})

describe('wrong options', () => {
  const wrong: readonly (readonly [
    string,
    (right: AuthorizationServerOptions) => Partial<AuthorizationServerOptions>,
  ])[] = [
    ['issuer must be an origin', () => ({ issuer: 'https://auth.example/' })],
    ['secret must be', () => ({ secret: 'a passphrase' })],
    ['previousSecrets must', () => ({ previousSecrets: ['short'] })],
    ['resource.url must', ({ resource }) => ({ resource: { ...resource, url: `${issuer}/mcp/` } })],
    ['must have a scope that is initial', ({ resource }) => ({ resource: { ...resource, scopes: [] } })],
    [
      'names without spaces',
      ({ resource }) => ({ resource: { ...resource, scopes: [{ name: 'a b', text: 'x', initial: true }] } }),
    ],
    ['callbackPath must', () => ({ callbackPath: 'callback' })],
    ['brand.accentColor must', ({ brand }) => ({ brand: { ...brand, accentColor: 'red' } })],
    ['provider.issuer must', () => ({ provider: { issuer: 'http://login.example', clientId: 'x' } })],
    ['lifetimes.accessToken must be a day', () => ({ lifetimes: { accessToken: 86_401 } })],
    ['clients.registrationToken must', () => ({ clients: { registrationToken: 'guess' } })],
    ['clients.blocked must', () => ({ clients: { blocked: ['before:soon'] } })],
    ['brand.logoUrl must', ({ brand }) => ({ brand: { ...brand, logoUrl: 'javascript:alert(1)' } })],
    ['lifetimes.grace must', () => ({ lifetimes: { grace: 3600 } })],
    ['introspectionTokens must', () => ({ introspectionTokens: ['guess'] })],
    ['clients.configured[0]', () => ({ clients: { configured: [{ client_id: 'https://x' }] } })],
    ['clients.trustedRedirects must', () => ({ clients: { trustedRedirects: ['com'] } })],
    ['limits.registrations must', () => ({ limits: { registrations: { limit: Number.NaN, windowSeconds: 60 } } })],
    ['limits.allRegistrations must', () => ({ limits: { allRegistrations: { limit: 5, windowSeconds: 0.5 } } })],
    ['limits.clientDocuments must', () => ({ limits: { clientDocuments: { limit: -1, windowSeconds: 60 } } })],
    ['callbackPath must', () => ({ callbackPath: '/oauth/../callback' })],
    ['limits.exempt must', () => ({ limits: { exempt: ['everything'] } })],
  ]

  test.each(wrong)('%s', (problem, change) => {
    const { options } = serverWith()
    expect(() => createAuthorizationServer({ ...options, ...change(options) })).toThrow(problem)
  })

  test('are told all at once, and no secret is quoted', () => {
    const { options } = serverWith()
    const attempt = () => createAuthorizationServer({ ...options, issuer: 'x', secret: 'my-passphrase' })
    expect(attempt).toThrow(InvalidOptions)
    expect(attempt).toThrow(/issuer[\s\S]*secret/)
    expect(attempt).not.toThrow('my-passphrase')
  })
})
