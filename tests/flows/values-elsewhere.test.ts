import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type IdentitySystem, startIdentitySystem } from '../../dev/issuers/identity-system.ts'
import { createDpopKey } from '../../dev/worlds/dpop.ts'
import { keepSecret, keepSecretsOf } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { callMcp, obtainCode, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

// Every value that the service, a company or a platform hands out, presented everywhere else. Each has one place where it is good
// (RFC 8725 §3.11, RFC 9700 §4), and is worth nothing at the others.

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const [portal, secret, adminToken] = ['docs-portal', newSecret(), newSecret()]

let stack: Stack
let okta: IdentitySystem
let platform: IdentitySystem

beforeAll(async () => {
  keepSecret(secret, adminToken)
  okta = await startIdentitySystem('okta', portal)
  platform = await startIdentitySystem('platform', 'none')
  const client_secret_sha256 = createHash('sha256').update(secret).digest('hex')
  const clients = [{ client_id: portal, grant_types: [jwtBearer, 'client_credentials'], client_secret_sha256 }]
  const claims = { repository: 'acme/docs', repository_owner_id: '65', ref: 'refs/heads/*' }
  const revokers = [{ name: 'okta', issuer: okta.issuer, domains: ['acme.example'] }]
  stack = await startStack({
    settings: {
      MCP_OAUTH_CLIENTS: JSON.stringify(clients),
      MCP_TENANTS: JSON.stringify([{ name: 'acme', issuer: okta.issuer, domains: ['acme.example'] }]),
      MCP_MACHINES: JSON.stringify([
        { name: 'docs-ci', issuer: platform.issuer, claims },
        { name: 'portal-check', client: portal },
      ]),
      MCP_OAUTH_REVOKERS: JSON.stringify(revokers),
      MCP_OAUTH_INTROSPECTION_TOKENS: newSecret(),
      MCP_ADMIN_TOKEN: adminToken,
      MCP_ADMIN_WRITE_TOKEN: newSecret(),
      REQUIRE_AUTH: 'true',
    },
  })
})
afterAll(async () => {
  await Promise.all([stack?.stop(), okta?.stop(), platform?.stop()])
})

async function post(path: string, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
  const response = await fetch(stack.url + path, { method: 'POST', body: new URLSearchParams(form), headers })
  await keepSecretsOf(response)
  return response
}
const basic = () => ({ authorization: `Basic ${Buffer.from(`${portal}:${secret}`).toString('base64')}` })

/** The steps of a client at its identity system. */
async function idJag(): Promise<string> {
  const response = await fetch(okta.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      ...{ audience: stack.url, resource: stack.mcpUrl, client_id: okta.clientId, client_secret: okta.clientSecret },
      subject_token: await okta.idToken('ada@acme.example'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    }),
  })
  return (await response.json()).access_token
}

test('a value is good in one place only, and worth nothing in every other [N10 N11 E-01 W-06]', async () => {
  const client = await registerClient(stack.url)
  const { request, code } = await obtainCode(client)
  const { accessToken, refreshToken } = await obtainTokens(client)
  const dpop = await createDpopKey()
  const machine = await (await post('/oauth/token', { grant_type: 'client_credentials' }, basic())).json()
  const pushed = await post('/oauth/par', Object.fromEntries(client.authorizationRequest().url.searchParams))
  const values = {
    code,
    accessToken,
    refreshToken,
    machineToken: String(machine.access_token),
    requestUri: String((await pushed.json()).request_uri),
    clientId: client.clientId,
    idJag: await idJag(),
    idToken: await okta.idToken('ada@acme.example'),
    workloadToken: await platform.workloadToken(stack.url),
    proof: await dpop.proof({ url: `${stack.url}/oauth/token` }),
    adminToken,
  }
  const own = { client_id: client.clientId }
  const redeeming = { grant_type: 'authorization_code', redirect_uri: client.redirectUri, code_verifier: request.codeVerifier } // biome-ignore format: one line
  /** Each place, the values that are good there, and how a value is presented. */
  const places: Record<string, { good: readonly (keyof typeof values)[]; at: (value: string) => Promise<Response> }> = {
    'as a code': { good: ['code'], at: (value) => post('/oauth/token', { ...own, ...redeeming, code: value }) },
    'as a refresh token': { good: ['refreshToken'], at: (value) => post('/oauth/token', { ...own, grant_type: 'refresh_token', refresh_token: value }) }, // biome-ignore format: one line
    'as an assertion of a company or a platform': { good: ['idJag', 'workloadToken'], at: (assertion) => post('/oauth/token', { grant_type: jwtBearer, assertion }, assertion === values.workloadToken ? {} : basic()) }, // biome-ignore format: one line
    'as the assertion of a client': { good: [], at: (value) => post('/oauth/token', { client_id: portal, grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion: value }) }, // biome-ignore format: one line
    'as the secret of a client': { good: [], at: (value) => post('/oauth/token', { client_id: portal, client_secret: value, grant_type: 'client_credentials' }) }, // biome-ignore format: one line
    'at /mcp': { good: ['accessToken', 'machineToken'], at: (value) => callMcp(stack.mcpUrl, value, 'tools/list') },
    'at /mcp, as a bound token': { good: [], at: async (value) => fetch(stack.mcpUrl, { method: 'POST', headers: { authorization: `DPoP ${value}`, dpop: await dpop.proof({ url: stack.mcpUrl, accessToken: value, body: '{}' }) }, body: '{}' }) }, // biome-ignore format: one line
    'at the admin API': { good: ['adminToken'], at: (value) => fetch(`${stack.url}/admin/api/companies`, { headers: { authorization: `Bearer ${value}` } }) }, // biome-ignore format: one line
    'at the copy of the store': { good: [], at: (value) => fetch(`${stack.url}/admin/store/copy`, { method: 'POST', headers: { authorization: `Bearer ${value}` } }) }, // biome-ignore format: one line
    'as the token of a resource server': { good: [], at: (value) => post('/oauth/introspect', { token: accessToken }, { authorization: `Bearer ${value}` }) }, // biome-ignore format: one line
    'as a logout token': { good: [], at: (value) => post('/oauth/backchannel-logout', { logout_token: value }) },
    'as the credential of a revoker': { good: [], at: (value) => fetch(`${stack.url}/oauth/global-token-revocation`, { method: 'POST', headers: { authorization: `Bearer ${value}`, 'content-type': 'application/json' }, body: JSON.stringify({ sub_id: { format: 'email', email: 'ada@acme.example' } }) }) }, // biome-ignore format: one line
    'as a session of a browser': { good: [], at: (value) => fetch(`${stack.url}/admin/api/companies`, { headers: { cookie: `__Host-session=${value}; session=${value}`, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } }) }, // biome-ignore format: one line
  }
  // Before wrong tokens lock this address out.
  expect((await places['at the admin API']?.at(adminToken))?.status).toBe(200)
  for (const [place, { good, at }] of Object.entries(places)) {
    for (const [name, value] of Object.entries(values)) {
      if (good.some((one) => one === name)) continue
      const answer = await at(value)
      expect([place, name, answer.status]).toEqual([place, name, expect.toSatisfy((status) => status >= 400 && status < 500)]) // biome-ignore format: one line
    }
  }
  // None of it has spent or ended anything.
  for (const [place, { good, at }] of Object.entries(places)) {
    const left = good.filter((name) => name !== 'adminToken')
    for (const name of left) expect([place, name, (await at(values[name])).status]).toEqual([place, name, 200])
  }
  expect((await callMcp(stack.mcpUrl, accessToken, 'tools/list')).status).toBe(200)
})

test('of 50 racers, one code, one assertion and one workflow token each give one answer', async () => {
  const client = await registerClient(stack.url)
  const { request, code } = await obtainCode(client)
  const [assertion, workflow] = [await idJag(), await platform.workloadToken(stack.url)]
  const race = async (send: () => Promise<{ readonly status: number }>) =>
    (await Promise.all(Array.from({ length: 50 }, send))).filter(({ status }) => status === 200).length
  expect(await race(() => client.redeem(request, code))).toBe(1)
  expect(await race(() => post('/oauth/token', { grant_type: jwtBearer, assertion }, basic()))).toBe(1)
  expect(await race(() => post('/oauth/token', { grant_type: jwtBearer, assertion: workflow }))).toBe(1)
})

test('a proof is for one method, host, path and body, and a bound token is no bearer token [N11]', async () => {
  const client = await registerClient(stack.url)
  const key = await createDpopKey()
  const { request, code } = await obtainCode(client)
  const token = await post('/oauth/token', { grant_type: 'authorization_code', client_id: client.clientId, redirect_uri: client.redirectUri, code, code_verifier: request.codeVerifier }, { dpop: await key.proof({ url: `${stack.url}/oauth/token` }) }) // biome-ignore format: one line
  const { accessToken } = tokensOf({ status: token.status, headers: token.headers, body: await token.json() })
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
  const send = (dpop: string, more: Record<string, string> = {}, sent = body) =>
    fetch(stack.mcpUrl, {
      method: 'POST',
      headers: { authorization: `DPoP ${accessToken}`, dpop, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25', ...more },
      body: sent,
    }) // biome-ignore format: one call
  const usual = { url: stack.mcpUrl, accessToken, body }
  const good = await key.proof(usual)
  expect((await send(good)).status).toBe(200)
  const other = body.replace('tools/list', 'resources/list')
  const refused = [
    await send(good, {}, other),
    await send(await key.proof({ ...usual, method: 'GET' })),
    await send(await key.proof({ ...usual, url: `${stack.url}/oauth/token` })),
    await send(await key.proof({ ...usual, url: 'https://evil.example/mcp' }), { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example;proto=https' }), // biome-ignore format: one line
    await send(await key.proof({ url: stack.mcpUrl, body })),
    await send(await (await createDpopKey()).proof(usual)),
    await send(`${good}, ${good}`),
    await send(good, { authorization: `Bearer ${accessToken}` }),
  ]
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401))
})
