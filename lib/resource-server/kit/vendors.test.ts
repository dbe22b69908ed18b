import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  createVendor,
  entraApplication,
  exampleResource,
  type TokenVendorName,
  tokenVendors,
} from '../../../dev/issuers/vendor-tokens.ts'
import { repository } from '../../../dev/repository.ts'
import type { ResourceServer } from './resource-server.ts'

/** The examples of docs/kit.md, each at a server that behaves like the vendor's. */
const examples: { readonly [name in TokenVendorName]: () => Promise<{ readonly resourceServer: ResourceServer }> } = {
  auth0: () => import('../../../docs/kit/auth0.ts'),
  okta: () => import('../../../docs/kit/okta.ts'),
  cognito: () => import('../../../docs/kit/cognito.ts'),
  entra: () => import('../../../docs/kit/entra.ts'),
  keycloak: () => import('../../../docs/kit/keycloak.ts'),
  broker: () => import('../../../docs/kit/broker.ts'),
}

afterEach(() => void vi.unstubAllGlobals())

const started = new Map<TokenVendorName, ReturnType<typeof createVendor>>()

/** The example, with one stand-in for the vendor for the whole file: it keeps the keys that it has read. */
async function startExample(name: TokenVendorName) {
  const vendor = started.get(name) ?? createVendor(tokenVendors[name])
  started.set(name, vendor)
  vi.stubGlobal('fetch', vendor.fetch)
  const { resourceServer: server } = await examples[name]()
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write' } }
  return {
    vendor,
    server,
    /** The status of a call of the tool `write`. */
    async write(token: string): Promise<number> {
      const outcome = await server.authenticate(`Bearer ${token}`)
      if (outcome.kind === 'refused') return outcome.response.status
      return server.authorize(outcome.auth, call)?.status ?? 200
    },
  }
}

/** The scope that every request of the example needs. */
const exampleScopes: { readonly [name in TokenVendorName]: string } = {
  auth0: 'tools:read',
  okta: 'tools:read',
  cognito: 'https://mcp.engines.example/mcp/read',
  entra: 'tools.read',
  keycloak: 'tools:read',
  broker: 'tools:read',
}

/** Changes after which the token of the vendor must not be accepted. */
const foreign: { readonly [name in TokenVendorName]: readonly (readonly [string, Record<string, unknown>])[] } = {
  auth0: [
    ['for another API too', { aud: [exampleResource, 'https://billing.engines.example'] }],
    ['for the user info endpoint only', { aud: 'https://engines.eu.auth0.com/userinfo' }],
    ['of another tenant', { iss: 'https://other.eu.auth0.com/' }],
    ['of an issuer without the slash', { iss: 'https://engines.eu.auth0.com' }],
  ],
  okta: [
    ['of the org authorization server', { iss: 'https://engines.okta.com', aud: 'https://engines.okta.com' }],
    ['for another API', { aud: 'api://default' }],
  ],
  cognito: [
    ['of another app client', { client_id: 'another-client' }],
    ['that is an ID token', { token_use: 'id', aud: '1example23456789', client_id: undefined }],
    ['with the audience of another resource', { aud: 'https://other.example/mcp' }],
  ],
  entra: [
    ['of another tenant', { tid: '22222222-2222-4333-8444-555555555555' }],
    ['for Microsoft Graph', { aud: '00000003-0000-0000-c000-000000000000' }],
    ['for the URI of another application', { aud: 'api://22222222-2222-4333-8444-555555555555' }],
  ],
  keycloak: [
    ['without the audience mapper', { aud: 'account' }],
    ['that is an ID token', { typ: 'ID' }],
    ['that is a refresh token', { typ: 'Refresh' }],
    ['of another realm', { iss: 'https://login.engines.example/realms/master' }],
  ],
  broker: [
    ['for its own MCP endpoint', { aud: 'https://docs.engines.example/mcp' }],
    ['that is bound to a key', { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }],
  ],
}

describe.each(Object.keys(examples) as TokenVendorName[])('the example for %s', (name) => {
  test('accepts an access token, and its scopes decide which tools it may call [F-003-09]', async () => {
    const { vendor, server, write } = await startExample(name)
    expect(await server.ready()).toMatchObject([{ issuer: vendor.metadata.issuer, state: 'ready' }])
    expect(await write(vendor.token())).toBe(200)
    const onlyReading = { scope: exampleScopes[name], scp: undefined, permissions: [], realm_access: { roles: [] } }
    expect(await write(vendor.token(onlyReading))).toBe(403)
  })

  test('answers a token with too few scopes with 403 that names all of them', async () => {
    const { vendor, server, write } = await startExample(name)
    const none = { scope: 'openid', scp: ['other'], permissions: [], realm_access: { roles: [] } }
    expect(await write(vendor.token(none))).toBe(403)
    const outcome = await server.authenticate(`Bearer ${vendor.token(none)}`)
    const challenge = outcome.kind === 'refused' ? outcome.response.headers.get('www-authenticate') : null
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain(`scope="${server.metadata.scopes_supported?.join(' ')}"`)
  })

  test.each(foreign[name])('refuses a token %s: 401', async (_what, changes) => {
    const { vendor, write } = await startExample(name)
    expect(await write(vendor.token(changes))).toBe(401)
  })

  test('names the resource and the authorization server in its metadata', async () => {
    const { vendor, server } = await startExample(name)
    const found = server.metadataResponse('GET', '/.well-known/oauth-protected-resource/mcp')
    expect(await found?.json()).toMatchObject({
      resource: exampleResource,
      authorization_servers: [vendor.metadata.issuer],
    })
  })
})

test('Entra ID: a token of version 1 has another issuer and the URI as audience, and is accepted', async () => {
  const { vendor, write } = await startExample('entra')
  const iss = 'https://sts.windows.net/11111111-2222-4333-8444-555555555555/'
  expect(await write(vendor.token({ iss, aud: `api://${entraApplication}`, ver: '1.0' }))).toBe(200)
})

test('Entra ID: clients ask for scopes with the URI of the application', async () => {
  const { server } = await startExample('entra')
  expect(server.metadata.scopes_supported).toEqual([`api://${entraApplication}/tools.read`])
})

test('the report says which servers register clients, and which do not say that they support PKCE', async () => {
  const reportOf = async (name: TokenVendorName) => (await startExample(name)).server.ready()
  const reports = {
    auth0: await reportOf('auth0'),
    cognito: await reportOf('cognito'),
    broker: await reportOf('broker'),
  }
  expect(reports.auth0).toMatchObject([{ registration: ['dynamic'], warnings: [] }])
  expect(reports.broker).toMatchObject([{ registration: ['dynamic', 'metadata documents'], warnings: [] }])
  expect(reports.cognito).toMatchObject([
    { registration: [], warnings: [expect.stringMatching(/PKCE/), expect.stringMatching(/client ID/)] },
  ])
})

test('docs/kit.md shows the examples that are tested here [F-003-13]', () => {
  const folder = join(repository, 'docs/kit')
  const page = readFileSync(join(repository, 'docs/kit.md'), 'utf8')
  for (const file of readdirSync(folder)) {
    expect(page).toContain(`\`\`\`ts\n${readFileSync(join(folder, file), 'utf8').trimEnd()}\n\`\`\``)
  }
})
