import { describe, expect, test } from 'vitest'
import { createHarness, type Harness } from '../../lib/oauth/testing/harness.ts'

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
    'that asks for %s is a public client, told so, and given no secret [R-09 R-04]',
    async (token_endpoint_auth_method) => {
      const { response, body } = await post(createHarness(), { redirect_uris: [callback], token_endpoint_auth_method })
      expect([response.status, body.token_endpoint_auth_method]).toEqual([201, 'none'])
      expect(Object.keys(body).filter((name) => name.startsWith('client_secret'))).toEqual([])
    },
  )

  test('trusts no software statement, and neither keeps nor fetches an address [R-14 R-15]', async () => {
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
    expect((await server.store.list('', AbortSignal.timeout(1000))).keys).toEqual([])
  })
})

test('clients may publish their metadata or register, and are told so [R-01 D-09]', async () => {
  const metadata = await (await createHarness().fetch('/.well-known/oauth-authorization-server')).json()
  expect(metadata).toMatchObject({
    registration_endpoint: expect.stringMatching(/\/oauth\/register$/),
    client_id_metadata_document_supported: true,
  })
})

test('who was never registered, or is no more, is told what to do [R-13]', async () => {
  const query = new URLSearchParams({ client_id: 'gone', redirect_uri: callback, response_type: 'code' })
  const response = await createHarness().fetch(`/oauth/authorize?${query}`)
  expect([response.status, response.headers.get('location')]).toEqual([400, null])
  expect(await response.text()).toContain('remove this connector and add it again')
})
