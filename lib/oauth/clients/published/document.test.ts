import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../base/sha256.ts'
import { docsScopes } from '../../../settings/docs-resource.ts'
import { defaultPrivateUseUris, matchRedirectUri } from '../redirect-uri.ts'
import { clientOfDocument, documentUrlComplaint } from './document.ts'

const policy = { scopes: docsScopes.all, privateUseUris: defaultPrivateUseUris }

describe('the URL of a document', () => {
  test.each([
    'https://claude.ai/oauth/mcp-oauth-client-metadata',
    'https://vscode.dev/oauth/client-metadata.json',
    'https://client.example:8443/c.json',
    'https://client.example/c.json?version=2',
  ])('%s', (url) => {
    expect(documentUrlComplaint(url)).toBeNull()
  })

  test.each([
    'http://client.example/c.json',
    'ftp://client.example/c.json',
    'client.example/c.json',
    'https://client.example',
    'https://client.example/',
    'https://client.example/c.json#',
    'https://client.example/c.json#x',
    'https://user@client.example/c.json',
    'https://@client.example/c.json',
    'https://client.example/a/../c.json',
    'https://client.example/./c.json',
    'https://client.example/a/%2e%2e/c.json',
    'https://client.example/%2E/c.json',
    'https://client.example:443/c.json',
    'https://Client.example/c.json',
    'HTTPS://client.example/c.json',
    'https://client.example\\c.json',
    'https://client.example/c .json',
    ' https://client.example/c.json',
    'https://client.example/c.json\n',
    'https://clïent.example/c.json',
    'https://0x7f.1/c.json',
    'https://2130706433/c.json',
    `https://client.example/${'x'.repeat(500)}`,
  ])('not %j [M-02 M-03 B8-9]', (url) => {
    expect(documentUrlComplaint(url)).toEqual(expect.any(String))
  })
})

/** Documents as published, and the redirect URI that their client sends. */
const documents = [
  {
    publisher: 'Claude on the web',
    requested: 'https://claude.ai/api/mcp/auth_callback',
    document: {
      client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
      client_name: 'Claude',
      client_uri: 'https://claude.ai',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  },
  {
    publisher: 'Claude Code',
    requested: 'http://localhost:52163/callback',
    document: {
      client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
      client_name: 'Claude Code',
      client_uri: 'https://claude.ai',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
  },
  {
    publisher: 'ChatGPT',
    requested: 'https://chatgpt.com/connector_platform_oauth_redirect',
    document: {
      client_id: 'https://chatgpt.com/oauth/client.json',
      client_uri: 'https://chatgpt.com/',
      redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      client_name: 'ChatGPT',
      token_endpoint_auth_signing_alg: 'RS256',
      jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
    },
  },
  {
    publisher: 'Codex',
    requested: 'http://127.0.0.1:41234/callback',
    document: {
      client_id: 'https://chatgpt.com/oauth/codex/client.json',
      client_name: 'Codex',
      redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
  },
  {
    publisher: 'VS Code',
    requested: 'http://127.0.0.1:50123/',
    document: {
      client_id: 'https://vscode.dev/oauth/client-metadata.json',
      client_name: 'Visual Studio Code',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
  },
] as const

describe.each(documents)('$publisher', ({ document, requested }) => {
  const client = clientOfDocument(document.client_id, document, policy)

  test('may authenticate as it says, and is known by the host of its document [M-09 M-17]', () => {
    expect(client).toEqual({
      id: document.client_id,
      hash: sha256(document.client_id),
      source: 'metadata-document',
      name: document.client_name,
      verifiedHost: new URL(document.client_id).host,
      redirectUris: document.redirect_uris,
      grantTypes: ['authorization_code', 'refresh_token'],
      ...('jwks_uri' in document
        ? { authenticationMethods: ['none', 'private_key_jwt'], keys: { uri: document.jwks_uri } }
        : { authenticationMethods: ['none'] }),
    })
  })

  test('may redirect to its own URI [M-10]', () => {
    const redirectUris = 'redirectUris' in client ? client.redirectUris : []
    expect(matchRedirectUri(redirectUris, requested, policy)).toMatchObject({ uri: requested })
  })
})

describe('a document is refused', () => {
  const id = 'https://client.example/c.json'
  const good = { client_id: id, client_name: 'Example', redirect_uris: ['https://client.example/cb'] }
  const detail = (document: unknown) => {
    const result = clientOfDocument(id, document, policy)
    return 'kind' in result ? `${result.kind}: ${result.detail}` : 'accepted'
  }

  test('only for a reason', () => {
    expect(detail(good)).toBe('accepted')
    expect(
      detail({ ...good, client_secret: null, jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }] } }),
    ).toBe('accepted')
    expect(detail({ ...good, redirect_uris: [...good.redirect_uris, 'zed://callback'] })).toBe('accepted')
  })

  test('that allows no supported method, or one that needs missing keys [M-09]', () => {
    const supported =
      'no client authentication method of the document is supported here; supported: none, private_key_jwt'
    expect(detail({ ...good, token_endpoint_auth_method: 'tls_client_auth' })).toBe(`invalid: ${supported}`)
    expect(detail({ ...good, token_endpoint_auth_methods_supported: ['tls_client_auth', 7] })).toBe(
      `invalid: ${supported}`,
    )
    const keyless = { token_endpoint_auth_methods_supported: ['private_key_jwt'] }
    expect(detail({ ...good, ...keyless })).toBe('invalid: private_key_jwt needs jwks or jwks_uri')
    for (const keys of [{ jwks_uri: 'http://client.example/jwks' }, { jwks: { keys: [] } }, { jwks: 'x' }]) {
      expect(detail({ ...good, ...keyless, ...keys })).toMatch(/^invalid: jwks/)
    }
    expect(detail({ ...good, token_endpoint_auth_methods_supported: 'none' })).toBe('accepted')
  })

  test('but not for missing keys that it does not need: the client is then public [M-09]', () => {
    const both = { ...good, token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'] }
    for (const keys of [{}, { jwks_uri: 'http://client.example/jwks' }]) {
      expect(clientOfDocument(id, { ...both, ...keys }, policy)).toMatchObject({ authenticationMethods: ['none'] })
    }
  })

  const jwks_uri = 'https://client.example/jwks'
  test.each([
    [['client_secret_post', 'none'], ['none']],
    [['client_secret_basic', 'client_secret_post', 'private_key_jwt'], ['private_key_jwt']],
    [
      ['none', 'client_secret_jwt', 'private_key_jwt'],
      ['none', 'private_key_jwt'],
    ],
    [['tls_client_auth', 'none', null, 7], ['none']],
    [[], ['none']],
    [[null], ['none']],
    [null, ['none']],
    ['', ['none']],
  ])('but not for shared-secret methods in the list, which are ignored: %j [M-08 M-09]', (list, methods) => {
    const document = { ...good, jwks_uri, token_endpoint_auth_methods_supported: list }
    expect(clientOfDocument(id, document, policy)).toMatchObject({ authenticationMethods: methods })
  })

  test.each([
    { client_secret: null },
    { client_secret: '' },
    { client_secret_expires_at: null },
    { grant_types: [] },
    { grant_types: null },
    { response_types: [] },
    { token_endpoint_auth_method: null },
    { token_endpoint_auth_method: '' },
    { scope: 7 },
    { contacts: 'x', logo_uri: {}, tos_uri: [], policy_uri: 7, software_version: 3, application_type: ['web'] },
    { jwks: [], jwks_uri: '' },
    { jwks: { keys: [] }, jwks_uri },
  ])('but not for empty or unknown members: %j [M-07 M-09]', (more) => {
    expect(clientOfDocument(id, { ...good, ...more }, policy)).toEqual(clientOfDocument(id, good, policy))
  })

  test('but not the ChatGPT document of May 2026, which allows only private_key_jwt [M-09 M-17]', () => {
    const document = { ...good, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://client.example/jwks' }
    expect(clientOfDocument(id, document, policy)).toMatchObject({
      authenticationMethods: ['private_key_jwt'],
      keys: { uri: 'https://client.example/jwks' },
    })
  })

  test.each([
    ['another client_id', { client_id: 'https://client.example/C.json' }],
    ['no client_id', { client_id: null }],
    ['no client_name', { client_name: null }],
    ['an invisible client_name', { client_name: '\u200b' }],
    ['no redirect_uris', { redirect_uris: [] }],
    ['only unacceptable redirect_uris', { redirect_uris: ['javascript:alert(1)', 'http://client.example/cb'] }],
    ['a secret', { client_secret: 'x' }],
    ['the expiry of a secret', { client_secret_expires_at: 0 }],
    ['client_secret_basic', { token_endpoint_auth_method: 'client_secret_basic' }],
    [
      'client_secret_post beside a list',
      {
        token_endpoint_auth_method: 'client_secret_post',
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      },
    ],
    [
      'only secret-based methods in the list',
      { token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_jwt'] },
    ],
    ['a private key', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'c' }] } }],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'a' }] } }],
    ['no authorization_code', { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] }],
  ])('with %s [M-03 M-07 M-08]', (_what, change) => {
    expect(detail({ ...good, ...change })).toMatch(/^invalid: /)
  })

  test.each([[null], ['text'], [[good]], [42]])('that is %j [M-07]', (document) => {
    expect(detail(document)).toBe('invalid: the document is not a JSON object')
  })
})
