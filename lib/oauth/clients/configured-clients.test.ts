import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { docsScopes } from '../../settings/docs-resource.ts'
import { noneBlocked } from './blocked-clients.ts'
import { createConfiguredClients } from './configured-clients.ts'
import { parseConfiguredClients } from './parse-configured-clients.ts'

const policy = { scopes: docsScopes.all, privateUseUris: [] }
const secret = 'the secret of an application that exists'
const sha256 = (encoding: 'hex' | 'base64url') => createHash('sha256').update(secret).digest(encoding)
const web = {
  client_id: 'web-app.v1',
  client_name: 'Docs portal',
  redirect_uris: ['https://portal.example/oauth/callback'],
  client_secret_sha256: sha256('hex'),
}
const parse = (...clients: unknown[]) => parseConfiguredClients(clients, policy)
const jwks = { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })] }

describe('a client of the configuration', () => {
  test('is identified by its own id, and authenticates with its secret in the header or the body [R-01 F-002-02]', () => {
    for (const client_secret_sha256 of [sha256('hex'), sha256('hex').toUpperCase(), sha256('base64url')]) {
      const { clients, complaints } = parse({ ...web, client_secret_sha256 })
      expect(complaints).toEqual([])
      const client = createConfiguredClients(clients, noneBlocked).find('web-app.v1')
      expect(client).toMatchObject({
        source: 'configuration',
        name: 'Docs portal',
        redirectUris: web.redirect_uris,
        grantTypes: ['authorization_code', 'refresh_token'],
        authenticationMethods: ['client_secret_post', 'client_secret_basic'],
      })
      expect([client?.hasSecret?.(secret), client?.hasSecret?.(`${secret}.`), client?.hasSecret?.('')]).toEqual([
        true,
        false,
        false,
      ])
    }
  })

  test('is public or has keys, as configured', () => {
    const { client_secret_sha256: _, ...open } = web
    expect(parse(open).clients).toMatchObject([{ authenticationMethods: ['none'] }])
    expect(parse({ ...open, jwks }).clients).toMatchObject([{ authenticationMethods: ['private_key_jwt'], keys: jwks }])
    const jwks_uri = 'https://portal.example/jwks.json'
    expect(parse({ ...open, jwks_uri, token_endpoint_auth_method: 'private_key_jwt' }).clients).toMatchObject([
      { keys: { uri: jwks_uri } },
    ])
  })

  test('gets no more than the configured scope', () => {
    expect(parse({ ...web, scope: 'docs:read' }).clients).toMatchObject([{ scopeCeiling: 'docs:read' }])
    expect(parse(web).clients[0]).not.toHaveProperty('scopeCeiling')
  })

  test('that the operator blocks is unknown', () => {
    const { clients } = parse(web)
    expect(createConfiguredClients(clients, { blocks: () => true }).find(web.client_id)).toBeNull()
    expect(createConfiguredClients(clients, noneBlocked).find('web-app')).toBeNull()
  })

  test.each<[string, object]>([
    ['an id like the URL of a document', { client_id: 'https://portal.example/c.json' }],
    ['an id like one that this server issues', { client_id: 'eyJhbGciOiJIUzI1NiJ9.e30.AA' }],
    ['an id like that of a user', { client_id: 'u_0123' }],
    ['an id that is ambiguous in a Basic header', { client_id: 'a%20b' }],
    ['no id', { client_id: undefined }],
    ['a secret in clear', { client_secret: secret }],
    ['another hash', { client_secret_sha256: 'c2VjcmV0' }],
    ['the hash of nothing', { client_secret_sha256: createHash('sha256').update('').digest('hex') }],
    ['a secret and a method without one', { token_endpoint_auth_method: 'none' }],
    ['a method that is not supported', { token_endpoint_auth_method: 'client_secret_jwt' }],
    [
      'a method of keys without keys',
      { client_secret_sha256: undefined, token_endpoint_auth_method: 'private_key_jwt' },
    ],
    [
      'a method of a secret without one',
      { client_secret_sha256: undefined, token_endpoint_auth_method: 'client_secret_post' },
    ],
    ['keys and a secret', { jwks, token_endpoint_auth_method: 'private_key_jwt' }],
    ['an unacceptable redirect URI', { redirect_uris: ['http://portal.example/cb'] }],
    ['no redirect URI', { redirect_uris: [] }],
    ['an unknown scope', { scope: 'docs:read admin' }],
    ['an unsupported grant type', { grant_types: ['implicit'] }],
    [
      'no redirect URI, and a grant type with pages',
      { redirect_uris: [], grant_types: ['authorization_code', 'client_credentials'] },
    ],
    ['a misspelled member', { redirect_uri: 'https://portal.example/cb' }],
  ])('with %s is refused, and the complaint quotes nothing', (_what, changes) => {
    const entry = Object.fromEntries(Object.entries({ ...web, ...changes }).filter(([, value]) => value !== undefined))
    const { clients, complaints } = parse(web, entry)
    expect([clients.length, complaints.length]).toEqual([1, 1])
    expect(complaints[0]).toMatch(/^\[1\] /)
    expect(complaints.join()).not.toMatch(/portal|the secret|eyJh|admin/)
  })

  test('every wrong client is reported at once; a repeated id is wrong; the value must be a list', () => {
    expect(parse({}, web, null).complaints).toHaveLength(2)
    expect(parse(web, web).complaints).toEqual([' names a client_id twice'])
    for (const input of [undefined, {}, 'x']) expect(parseConfiguredClients(input, policy).complaints).toHaveLength(1)
  })
})
