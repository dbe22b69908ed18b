import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../base/sha256.ts'
import { docsScopes } from '../../settings/docs-resource.ts'
import { createSealing } from '../keys/sealing.ts'
import type { ClientPolicy } from './client-metadata.ts'
import { defaultPrivateUseUris } from './redirect-uri.ts'
import { createRegistrations } from './registration.ts'
import { createRegistrationSealer } from './sealed-registration.ts'

const policy: ClientPolicy = { scopes: docsScopes.all, privateUseUris: defaultPrivateUseUris }
const now = () => 1_795_000_000_999

const issuer = 'https://docs.example'
const secrets = newSecrets()
const sealer = createRegistrationSealer(createSealing(issuer, secrets))
const registrations = createRegistrations({ sealer, policy, now })

async function register(metadata: unknown) {
  const response = await registrations.register(metadata)
  if ('error' in response) throw new Error(`${response.error}: ${response.description}`)
  return response
}

/** Bodies as the clients send them, seen on the wire or read in their source. */
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

/** Returns the registered metadata of a client, and the requested metadata. */
const methodOf = (body: object) => ('token_endpoint_auth_method' in body ? body.token_endpoint_auth_method : 'none')

describe.each(Object.entries(bodies))('%s', (_client, body) => {
  test('is registered as it asked to be, its redirect URIs echoed, nothing null [R-02 R-04 R-06 R-09 R-11]', async () => {
    const response = await register(body)
    expect(response).toMatchObject({
      client_id: expect.stringMatching(/^eyJ[\w.-]+$/),
      client_id_issued_at: 1_795_000_000,
      client_name: body.client_name,
      redirect_uris: body.redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: methodOf(body),
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
      authenticationMethods: methodOf(body) === 'none' ? ['none'] : ['client_secret_post', 'client_secret_basic'],
    })
  })
})

test('the answer says what was registered, which may differ from the request [R-04 R-07 R-09]', async () => {
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

test('a client that names only authorization_code is told that it gets refresh tokens as well [T-19]', async () => {
  const { client_id, grant_types } = await register({ ...bodies.opencode, grant_types: ['authorization_code'] })
  expect(grant_types).toEqual(['authorization_code', 'refresh_token'])
  expect(await registrations.resolve(client_id)).toMatchObject({ grantTypes: grant_types })
})

test('a client that registered only for authorization_code with an earlier release gets refresh tokens [T-19]', async () => {
  const metadata = {
    redirectUris: ['http://127.0.0.1/'],
    grantTypes: ['authorization_code'],
    applicationType: 'native',
  } as const
  const client = await registrations.resolve(sealer.seal(metadata, { method: 'none' }, 1))
  expect(client).toMatchObject({ grantTypes: ['authorization_code', 'refresh_token'] })
})

test('one bad redirect URI refuses the registration [R-05 R-06]', async () => {
  const body = { ...bodies.Cursor, redirect_uris: [...bodies.Cursor.redirect_uris, 'ms-settings://evil/callback'] }
  expect(await registrations.register(body)).toEqual({
    error: 'invalid_redirect_uri',
    description: 'redirect_uris[3] is not acceptable: scheme',
  })
})

test('metadata that would make a client_id of more than 2 KB is refused [R-11 R-12 B8-19]', async () => {
  const redirect_uris = Array.from({ length: 10 }, (_, i) => `https://client.example/${i}/${'x'.repeat(400)}`)
  expect(await registrations.register({ redirect_uris })).toMatchObject({ error: 'invalid_client_metadata' })
  const metadata = {
    redirectUris: redirect_uris,
    grantTypes: ['authorization_code'],
    applicationType: 'web',
  } as const
  expect(await registrations.resolve(sealer.seal(metadata, { method: 'none' }, 1))).toBeNull()
})

test('a tightened policy reaches clients that registered before it [A-06]', async () => {
  const { client_id } = await register(bodies.Cursor)
  const strict = createRegistrations({
    sealer,
    policy: { scopes: docsScopes.all, privateUseUris: [], listedSchemesOnly: true },
    now,
  })
  const rest = bodies.Cursor.redirect_uris.slice(1)
  expect(await strict.resolve(client_id)).toMatchObject({ redirectUris: rest })
  const only = await register({ redirect_uris: bodies.Cursor.redirect_uris.slice(0, 1) })
  expect(await strict.resolve(only.client_id)).toBeNull()
})

test('a client_id that this server did not seal has no client [R-13]', async () => {
  for (const id of ['', 'unknown', 'http://client.example/c.json', 'x'.repeat(100_000)]) {
    expect(await registrations.resolve(id)).toBeNull()
  }
})

describe('a client that authenticates', () => {
  const redirect_uris = ['https://app.example/cb']
  const key = {
    ...generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
    kid: '2026-11',
  }
  const at = (changed: Partial<typeof secrets>) =>
    createRegistrations({
      sealer: createRegistrationSealer(createSealing(issuer, { ...secrets, ...changed })),
      policy,
      now,
    })

  test.each(['client_secret_post', 'client_secret_basic'])(
    'by %s is given a secret that never expires, and stored nowhere [R-04 R-09 T-07]',
    async (token_endpoint_auth_method) => {
      const response = await register({ redirect_uris, token_endpoint_auth_method })
      expect(response).toMatchObject({
        token_endpoint_auth_method,
        client_secret: expect.stringMatching(/^[\w-]{43}$/),
        client_secret_expires_at: 0,
      })
      const { client_id, client_secret = '' } = response
      expect(client_id).not.toContain(client_secret)
      const client = await registrations.resolve(client_id)
      expect(client?.hasSecret?.(client_secret)).toBe(true)
      const other43 = (client_secret.startsWith('x') ? 'y' : 'x') + client_secret.slice(1)
      for (const wrong of ['', 'x', client_secret.slice(1), `${client_secret}=`, other43]) {
        expect(client?.hasSecret?.(wrong)).toBe(false)
      }
      const other = await register({ redirect_uris, token_endpoint_auth_method, client_name: 'Other' })
      expect(client?.hasSecret?.(other.client_secret ?? '')).toBe(false)
    },
  )

  test('gets no secret without asking: a missing or unsupported method counts as `none` [R-09]', async () => {
    for (const token_endpoint_auth_method of [undefined, null, 'none', 'tls_client_auth', 'client_secret_jwt']) {
      const response = await register({ redirect_uris, token_endpoint_auth_method })
      expect(response.token_endpoint_auth_method).toBe('none')
      expect(response).not.toHaveProperty('client_secret')
    }
    for (const keys of [{ jwks: { keys: [key] } }, { jwks_uri: 'https://app.example/jwks' }]) {
      const response = await register({ redirect_uris, token_endpoint_auth_method: 'private_key_jwt', ...keys })
      expect(response).not.toHaveProperty('client_secret')
    }
  })

  test('keeps its secret while the service’s secret is rotated, and is unknown once that has leaked [R-13]', async () => {
    const { client_id, client_secret = '' } = await register({
      redirect_uris,
      token_endpoint_auth_method: 'client_secret_post',
    })
    const { current } = newSecrets()
    const later = await at({ current, previous: [secrets.current] }).resolve(client_id)
    expect(later?.hasSecret?.(client_secret)).toBe(true)
    expect(await at({ current, retired: [secrets.current] }).resolve(client_id)).toBeNull()
    const open = await register({ redirect_uris })
    expect(await at({ current, retired: [secrets.current] }).resolve(open.client_id)).not.toBeNull()
  })

  test('by a key: the client_id contains the key, or the URL of the keys, which registration does not fetch [T-09]', async () => {
    const inline = await register({
      redirect_uris,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...key, use: 'sig', x5c: ['x'.repeat(900)] }] },
    })
    expect(inline).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } })
    expect(await registrations.resolve(inline.client_id)).toMatchObject({
      authenticationMethods: ['private_key_jwt'],
      keys: { keys: [key] },
    })
    const jwks_uri = 'https://app.example/jwks.json'
    const published = await register({ redirect_uris, token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
    expect(published.jwks_uri).toBe(jwks_uri)
    expect(await registrations.resolve(published.client_id)).toMatchObject({ keys: { uri: jwks_uri } })
  })

  const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  test.each([
    ['nothing', {}],
    ['keys in two places', { jwks: { keys: [key] }, jwks_uri: 'https://app.example/jwks' }],
    ['a private key', { jwks: { keys: [privateKey] } }],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }],
    ['a key for something else', { jwks: { keys: [{ ...key, use: 'enc' }] } }],
    ['no key set', { jwks: [key] }],
    ['an address on http', { jwks_uri: 'http://app.example/jwks' }],
    ['more keys than fit into a client_id', { jwks: { keys: Array(5).fill(key) } }],
  ])('by a key, with %s: refused [R-05 M-08]', async (_what, more) => {
    const body = { redirect_uris, token_endpoint_auth_method: 'private_key_jwt', ...more }
    expect(await registrations.register(body)).toMatchObject({ error: 'invalid_client_metadata' })
  })

  test('a private key in the metadata is refused whatever the method, and so is a method that is not a text', async () => {
    for (const more of [{ jwks: { keys: [privateKey] } }, { token_endpoint_auth_method: 7 }]) {
      expect(await registrations.register({ redirect_uris, ...more })).toMatchObject({
        error: 'invalid_client_metadata',
      })
    }
  })
})
