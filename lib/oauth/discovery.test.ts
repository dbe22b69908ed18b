import { describe, expect, test } from 'vitest'
import { createHarness, newPkce, register, signIn, TestBrowser, token } from '../../dev/worlds/authorization-server.ts'
import { proofAlgorithms } from '../dpop/algorithms.ts'

const issuer = 'https://docs.example'
const server = createHarness({ issuer })

const read = async (path: string) => {
  const response = await server.fetch(path)
  return { response, text: await response.clone().text(), body: await response.json() }
}

describe('the metadata of the authorization server', () => {
  test('is complete, and promises only what the server does [D-07 D-08 D-09 D-10 D-11 D-12 D-13 D-14 D-15 D-21]', async () => {
    const { body } = await read('/.well-known/oauth-authorization-server')
    const methods = ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt']
    const algorithms = ['RS256', 'ES256']
    expect(body).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      registration_endpoint: `${issuer}/oauth/register`,
      pushed_authorization_request_endpoint: `${issuer}/oauth/par`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: methods,
      token_endpoint_auth_signing_alg_values_supported: algorithms,
      revocation_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_signing_alg_values_supported: algorithms,
      code_challenge_methods_supported: ['S256'],
      dpop_signing_alg_values_supported: proofAlgorithms,
      scopes_supported: ['docs:read', 'docs:feedback', 'offline_access'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
      protected_resources: [`${issuer}/mcp`, `${issuer}/mcp/`],
      service_documentation: expect.any(String),
    })
  })

  test('names no endpoint that does not answer [D-12 D-13]', async () => {
    const { body } = await read('/.well-known/oauth-authorization-server')
    const addresses = Object.entries<unknown>(body).filter(([name]) => /_endpoint$|_uri$/.test(name))
    expect(addresses.length).toBeGreaterThan(3)
    for (const [name, address] of addresses) {
      expect(String(address).startsWith(`${issuer}/`), name).toBe(true)
      expect((await server.fetch(String(address).slice(issuer.length))).status, name).not.toBe(404)
    }
  })
})

test('the metadata of the resource names one authorization server and one resource, and no offline_access [D-11 D-18 D-19 D-20 D-21 D-22]', async () => {
  const atRoot = await read('/.well-known/oauth-protected-resource?resource=https://evil.example/mcp')
  const atPath = await read('/.well-known/oauth-protected-resource/mcp')
  expect(atPath.text).toBe(atRoot.text)
  expect(atPath.body).toEqual({
    resource: `${issuer}/mcp`,
    authorization_servers: [issuer],
    scopes_supported: ['docs:read'],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: proofAlgorithms,
    resource_name: expect.any(String),
    resource_documentation: expect.any(String),
    resource_policy_uri: expect.any(String),
  })
})

test('the issuer has the same bytes everywhere, in success and error [D-03 A29]', async () => {
  const asm = (await read('/.well-known/oauth-authorization-server')).body
  const prm = (await read('/.well-known/oauth-protected-resource/mcp')).body
  const success = await signIn(new TestBrowser(server), await register(server), newPkce())
  const clientId = await register(server)
  const query = new URLSearchParams({ client_id: clientId, redirect_uri: 'http://127.0.0.1:7777/callback' })
  const error = new URL((await server.fetch(`/oauth/authorize?${query}`)).headers.get('location') ?? '')
  const all = [asm.issuer, ...prm.authorization_servers, success.searchParams.get('iss'), error.searchParams.get('iss')]
  expect(all).toEqual([issuer, issuer, issuer, issuer])
})

test('an empty key set is never cached, and a set with keys is cached for minutes [D-16]', async () => {
  const fresh = createHarness()
  const cacheOf = async () => (await fresh.fetch('/.well-known/jwks.json')).headers.get('cache-control')
  expect(await cacheOf()).toBe('no-store')
  const clientId = await register(fresh)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(fresh), clientId, pkce)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  expect((await token(fresh, form)).status).toBe(200)
  expect(await cacheOf()).toBe('public, max-age=300')
})

test('no discovery document contains null [D-08]', async () => {
  for (const path of [
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-protected-resource',
    '/.well-known/jwks.json',
    '/.well-known/openid-configuration',
  ]) {
    expect((await read(path)).text).not.toContain('null')
  }
})

test.each([
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/jwks.json',
])('%s does not contradict itself about caching: no Pragma beside a public Cache-Control [D-16]', async (path) => {
  const fresh = createHarness({ issuer })
  const kept = await fresh.fetch(path)
  const isPublic = kept.headers.get('cache-control')?.includes('public') === true
  expect(kept.headers.has('pragma')).toBe(!isPublic)
})

test('a preflight may request every header at the OAuth endpoints, as at /mcp [D-17 T-02]', async () => {
  for (const path of [
    '/oauth/token',
    '/token',
    '/oauth/register',
    '/oauth/revoke',
    '/.well-known/oauth-authorization-server',
  ]) {
    const { status, headers } = await server.fetch(path, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-headers': 'authorization,traceparent,x-tenant',
      },
    })
    const allowed = headers.get('access-control-allow-headers')?.split(', ') ?? []
    expect([path, status, allowed.includes('Authorization'), allowed.includes('*')]).toEqual([path, 204, true, true])
    expect(headers.has('access-control-allow-credentials')).toBe(false)
  }
})
