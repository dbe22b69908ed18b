import { describe, expect, test } from 'vitest'
import { sha256 } from '../sha256.ts'
import { defaultPrivateUseUris, type RedirectPolicy } from './redirect-uri.ts'
import { createRegistrations, type RegistrationSealer } from './registration.ts'

const policy: RedirectPolicy = { privateUseUris: defaultPrivateUseUris }
const now = () => 1_795_000_000_999

/** Sealing is somebody else's: what matters here is what is sealed. */
const sealer: RegistrationSealer = {
  seal: (registration) => `ey${Buffer.from(JSON.stringify(registration)).toString('base64url')}`,
  open: (id) => (id.startsWith('ey') ? JSON.parse(Buffer.from(id.slice(2), 'base64url').toString()) : null),
}
const registrations = createRegistrations({ sealer, policy, now })

async function register(metadata: unknown) {
  const response = await registrations.register(metadata)
  if ('error' in response) throw new Error(`${response.error}: ${response.description}`)
  return response
}

/** Bodies as the clients send them (requirements 9.1; seen on the wire or read in their source). */
const bodies = {
  'Claude Code': {
    client_name: 'Claude Code (docs)',
    redirect_uris: ['http://localhost:3118/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  },
  Cursor: {
    client_name: 'Cursor',
    redirect_uris: [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
    ],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  'VS Code': {
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: [
      'https://insiders.vscode.dev/redirect',
      'https://vscode.dev/redirect',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
    ],
    scope: 'docs:read',
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  },
  Inspector: {
    redirect_uris: ['http://localhost:6274/oauth/callback'],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    client_name: 'MCP Inspector',
    client_uri: 'https://github.com/modelcontextprotocol/inspector',
    application_type: 'native',
    scope: 'docs:read docs:feedback offline_access',
  },
  'mcp-remote': {
    redirect_uris: ['http://localhost:3334/oauth/callback'],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    client_name: 'MCP CLI Proxy',
    client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
    software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
    software_version: '0.15.1',
    application_type: 'native',
  },
  opencode: {
    redirect_uris: ['http://127.0.0.1:19876/mcp/oauth/callback'],
    client_name: 'OpenCode',
    client_uri: 'https://opencode.ai',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  'Claude on the web': {
    client_name: 'Claude',
    redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: 'claudeai',
    token_endpoint_auth_method: 'client_secret_post',
  },
  'one that writes null for what it leaves out': {
    redirect_uris: ['http://localhost:5000/cb'],
    client_name: 'Nulls',
    scope: null,
    logo_uri: null,
    contacts: null,
    jwks: null,
    application_type: null,
  },
}

describe.each(Object.entries(bodies))('%s', (_client, body) => {
  test('is registered as a public client, its redirect URIs echoed, nothing null [R-02 R-04 R-06 R-09 R-11]', async () => {
    const response = await register(body)
    expect(response).toMatchObject({
      client_id: expect.stringMatching(/^ey[\w-]+$/),
      client_id_issued_at: 1_795_000_000,
      client_name: body.client_name,
      redirect_uris: body.redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    expect(JSON.stringify(response)).not.toContain('null')
  })

  test('comes back from its client_id [R-13]', async () => {
    const { client_id } = await register(body)
    expect(await registrations.resolve(client_id)).toMatchObject({
      id: client_id,
      hash: sha256(client_id),
      source: 'registration',
      name: body.client_name,
      redirectUris: body.redirect_uris,
      grantTypes: ['authorization_code', 'refresh_token'],
      authenticationMethods: ['none'],
    })
  })
})

test('the answer says what was registered, not what was asked for [R-04 R-07 R-09]', async () => {
  const { client_id: _, ...response } = await register({
    ...bodies['VS Code'],
    client_secret: 'x',
    logo_uri: 'javascript:x',
  })
  expect(response).toEqual({
    client_id_issued_at: 1_795_000_000,
    client_name: 'Visual Studio Code',
    redirect_uris: bodies['VS Code'].redirect_uris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    scope: 'docs:read',
  })
})

test('a client that wants no refresh token does not get one later [T-19]', async () => {
  const { client_id, grant_types } = await register({ ...bodies.opencode, grant_types: ['authorization_code'] })
  expect(grant_types).toEqual(['authorization_code'])
  expect(await registrations.resolve(client_id)).toMatchObject({ grantTypes: ['authorization_code'] })
})

test('one bad redirect URI refuses the registration [R-05 R-06]', async () => {
  const body = { ...bodies.Cursor, redirect_uris: [...bodies.Cursor.redirect_uris, 'cursor://evil/callback'] }
  expect(await registrations.register(body)).toEqual({
    error: 'invalid_redirect_uri',
    description: 'redirect_uris[3] is not acceptable: scheme',
  })
})

test('metadata that would make a client_id of more than 2 KB is refused [R-11 R-12 B8-19]', async () => {
  const redirect_uris = Array.from({ length: 10 }, (_, i) => `https://client.example/${i}/${'x'.repeat(400)}`)
  expect(await registrations.register({ redirect_uris })).toMatchObject({ error: 'invalid_client_metadata' })
  expect(await registrations.resolve(sealer.seal({ r: redirect_uris, g: true, a: 'w', t: 1 }).toString())).toBeNull()
})

test('a tightened policy reaches clients that registered before it [A-06]', async () => {
  const { client_id } = await register(bodies.Cursor)
  const strict = createRegistrations({ sealer, policy: { privateUseUris: [] }, now })
  const rest = bodies.Cursor.redirect_uris.slice(1)
  expect(await strict.resolve(client_id)).toMatchObject({ redirectUris: rest })
  const only = await register({ redirect_uris: bodies.Cursor.redirect_uris.slice(0, 1) })
  expect(await strict.resolve(only.client_id)).toBeNull()
})

test('a client_id that we did not seal names nobody [R-13]', async () => {
  for (const id of ['', 'unknown', 'http://client.example/c.json', 'x'.repeat(100_000)]) {
    expect(await registrations.resolve(id)).toBeNull()
  }
})
