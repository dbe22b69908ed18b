import { describe, expect, test } from 'vitest'
import { createHarness, type Harness } from '../../../dev/worlds/authorization-server.ts'

const callback = 'https://client.example/cb'

async function post(server: Harness, body: object) {
  const response = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { response, body: await response.json() }
}

describe('a registration', () => {
  test('is answered 201 with what was registered, and can be read by scripts but not cached [R-04 T-02 T-03]', async () => {
    const server = createHarness()
    const { response, body } = await post(server, { client_name: 'Example', redirect_uris: [callback] })
    expect(response.status).toBe(201)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    })
    expect(body).toEqual({
      client_id: expect.stringMatching(/^eyJ[\w.-]+$/),
      client_id_issued_at: Math.floor(server.clock / 1000),
      client_name: 'Example',
      redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
    })
  })

  test.each(['none', 'client_secret_jwt', 'tls_client_auth', undefined])(
    'that asks for %s is answered as a public client without a secret [R-09 R-04]',
    async (token_endpoint_auth_method) => {
      const { response, body } = await post(createHarness(), { redirect_uris: [callback], token_endpoint_auth_method })
      expect([response.status, body.token_endpoint_auth_method]).toEqual([201, 'none'])
      expect(Object.keys(body).filter((name) => name.startsWith('client_secret'))).toEqual([])
    },
  )

  test('trusts no software statement, and neither keeps nor fetches a URL [R-14 R-15]', async () => {
    const server = createHarness()
    const address = 'http://169.254.169.254/latest/meta-data'
    const { response, body } = await post(server, {
      redirect_uris: [callback],
      software_statement: 'eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmlzIjpbImh0dHBzOi8vZXZpbC5leGFtcGxlLyJdfQ.',
      logo_uri: address,
      client_uri: address,
      tos_uri: address,
      policy_uri: 'javascript:alert(1)',
      jwks_uri: address,
      contacts: ['a@example.com'],
    })
    expect(response.status).toBe(201)
    expect(JSON.stringify(body)).not.toMatch(/169\.254|evil|javascript|a@example/)
    expect(Buffer.from(body.client_id.split('.')[1], 'base64url').toString()).not.toMatch(/169\.254|evil|a@example/)
  })

  test('stores nothing, however many there are [R-12 B8-19]', async () => {
    const server = createHarness()
    await Promise.all(Array.from({ length: 50 }, () => post(server, { redirect_uris: [callback] })))
    expect((await server.store.list('', AbortSignal.timeout(60_000))).keys).toEqual([])
  })
})

test('the metadata says that clients may publish a document or register [R-01 D-09]', async () => {
  const metadata = await (await createHarness().fetch('/.well-known/oauth-authorization-server')).json()
  expect(metadata).toMatchObject({
    registration_endpoint: expect.stringMatching(/\/oauth\/register$/),
    client_id_metadata_document_supported: true,
  })
})

test('a user with an unknown client learns what to do [R-13]', async () => {
  const query = new URLSearchParams({ client_id: 'gone', redirect_uri: callback, response_type: 'code' })
  const response = await createHarness().fetch(`/oauth/authorize?${query}`)
  expect([response.status, response.headers.get('location')]).toEqual([400, null])
  expect(await response.text()).toContain('remove this connector and add it again')
})

/** Members of RFC 7591 §2 and others that clients send. They change nothing here, or have a default. */
const optional = [
  ...['client_name', 'client_uri', 'logo_uri', 'tos_uri', 'policy_uri', 'contacts', 'scope', 'jwks', 'jwks_uri'],
  ...['software_id', 'software_version', 'software_statement', 'application_type', 'grant_types', 'response_types'],
  ...[
    'token_endpoint_auth_method',
    'token_endpoint_auth_methods_supported',
    'default_max_age',
    'sector_identifier_uri',
  ],
  ...[
    'post_logout_redirect_uris',
    'client_secret',
    'client_id',
    'x_vendor',
    '__proto__',
    'constructor',
    'client_name#ja',
  ],
]
/** Members that change nothing here, whatever their value. */
const unused = optional.filter(
  (name) => !['client_name', 'scope', 'jwks', 'grant_types', 'response_types', 'application_type'].includes(name),
)

describe('members that are empty or unknown refuse no registration', () => {
  const server = createHarness()
  const register = async (more: object) => {
    const { response, body } = await post(server, { redirect_uris: [callback], ...more })
    const { client_id, ...rest } = body
    return { status: response.status, registered: rest, known: typeof client_id === 'string' }
  }
  const member = (name: string, value: unknown) => Object.defineProperty({}, name, { value, enumerable: true })

  test.each(optional)('%s: null, an empty list and an empty text are absent [R-03 R-08 R-10]', async (name) => {
    const without = await register({})
    expect(without.status).toBe(201)
    for (const nothing of [null, [], '']) expect(await register(member(name, nothing))).toEqual(without)
  })

  test('all of them at once [R-03]', async () => {
    for (const nothing of [null, [], '']) {
      const all = Object.fromEntries(optional.filter((name) => name !== '__proto__').map((name) => [name, nothing]))
      expect(await register(all)).toEqual(await register({}))
    }
  })

  test.each(unused.filter((name) => !name.startsWith('token_endpoint_auth_method')))(
    '%s: a number, a flag, an object and a list of anything change nothing [R-03 R-15]',
    async (name) => {
      for (const odd of [7, true, { a: [1] }, ['x', null, 7], 'not a URL', 'javascript:alert(1)']) {
        expect(await register(member(name, odd))).toEqual(await register({}))
      }
    },
  )

  test.each([{ redirect_uris: null }, { redirect_uris: [] }, { redirect_uris: '' }, { redirect_uris: undefined }])(
    'but a client without redirect URIs is refused: %j [R-05 R-06]',
    async (more) => {
      const { response, body } = await post(server, { client_name: 'Example', ...more })
      expect([response.status, body.error]).toEqual([400, 'invalid_redirect_uri'])
    },
  )

  test('keys at a URL are used if the key set beside it is empty [R-09 T-09]', async () => {
    const jwks_uri = 'https://client.example/jwks'
    for (const jwks of [null, [], '', {}, { keys: [] }, { keys: null }]) {
      const { status, registered } = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri, jwks })
      expect([status, registered]).toMatchObject([201, { jwks_uri, token_endpoint_auth_method: 'private_key_jwt' }])
    }
  })

  test('an attacker gains nothing by them: an unrequested secret is never issued, and secret keys are refused [R-04 M-08]', async () => {
    for (const token_endpoint_auth_method of [null, '', []]) {
      const { registered } = await register({ token_endpoint_auth_method, client_secret: 'mine', jwks: [] })
      expect(registered).toMatchObject({ token_endpoint_auth_method: 'none' })
      expect(registered).not.toHaveProperty('client_secret')
    }
    const secretKey = { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }
    expect((await register({ jwks: secretKey, jwks_uri: 'https://client.example/jwks' })).status).toBe(400)
  })
})
