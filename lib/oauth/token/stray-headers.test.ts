import { describe, expect, test } from 'vitest'
import {
  createHarness,
  type Harness,
  newPkce,
  redirectUri,
  signIn,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'
import { keepSecret } from '../../../dev/worlds/secrets.ts'

const formType = 'application/x-www-form-urlencoded'

function send(server: Harness, path: string, body: string | Record<string, string>, headers: Record<string, string>) {
  const text = typeof body === 'string' ? body : String(new URLSearchParams(body))
  return server.fetch(path, { method: 'POST', headers: { 'content-type': formType, ...headers }, body: text })
}

const basic = (id: string, secret: string) => {
  const encoded = Buffer.from(`${id}:${secret}`).toString('base64')
  keepSecret(encoded)
  return `Basic ${encoded}`
}

/** A public client, or one with a secret, and the form that redeems its code. */
async function world(method: 'none' | 'client_secret_basic' = 'none') {
  const server = createHarness({ introspectionTokens: ['x'.repeat(40)] })
  const answer = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: method }),
  })
  const { client_id: id, client_secret: secret = '' } = await answer.json()
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), id, pkce)).searchParams.get('code') ?? ''
  return { server, id, secret, form: { grant_type: 'authorization_code', code, code_verifier: pkce.verifier } }
}

const refreshing = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token })

const strays = [
  'Bearer stale',
  'Bearer ',
  `Bearer \${API_TOKEN}`,
  'bearer eyJhbGciOiJub25lIn0.e30.',
  'Bearer one, Bearer two',
  'DPoP abc',
  'Negotiate YII=',
  'Digest username="web, Basic x", realm="r"',
  'Token abc',
  'undefined',
  'BasicAuth eDp5',
]

describe('another scheme in the Authorization header of a client', () => {
  test.each(strays)('is ignored at every endpoint: %j [T-07 T-08 N22]', async (authorization) => {
    const { server, id, form } = await world()
    const redeemed = await send(server, '/oauth/token', { ...form, client_id: id }, { authorization })
    expect(redeemed.status).toBe(200)
    const { refresh_token } = await redeemed.json()
    const refreshed = await send(server, '/token', { ...refreshing(refresh_token), client_id: id }, { authorization })
    expect(refreshed.status).toBe(200)
    const token = (await refreshed.json()).refresh_token
    expect((await send(server, '/oauth/revoke', { client_id: id, token }, { authorization })).status).toBe(200)
    const after = await send(server, '/oauth/token', { ...refreshing(token), client_id: id }, {})
    expect([after.status, (await after.json()).error]).toEqual([400, 'invalid_grant'])
  })

  test.each(strays)('is ignored beside a Basic part, which decides: %j [T-08]', async (stray) => {
    const { server, id, secret, form } = await world('client_secret_basic')
    const wrong = await send(server, '/oauth/token', form, { authorization: `${stray}, ${basic(id, `${secret}x`)}` })
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="oauth"'])
    const right = await send(server, '/oauth/token', form, { authorization: `${basic(id, secret)}, ${stray}` })
    expect(right.status).toBe(200)
    const token = (await right.json()).refresh_token
    const revoked = await send(server, '/oauth/revoke', { token }, { authorization: `${stray},${basic(id, secret)}` })
    expect(revoked.status).toBe(200)
  })

  test.each(strays)('does not authenticate a client that must authenticate: %j [T-10]', async (authorization) => {
    const { server, id, form } = await world('client_secret_basic')
    const answer = await send(server, '/oauth/token', { ...form, client_id: id }, { authorization })
    expect([answer.status, (await answer.json()).error]).toEqual([401, 'invalid_client'])
  })
})

describe('conflicting credentials are refused, and never treated as a public client', () => {
  test.each([
    ['an unreadable Basic', 'Basic !!!', 401],
    ['Basic without a value', 'Basic', 401],
    ['an unreadable Basic after another scheme', 'Bearer x, Basic !!!', 401],
    ['an unreadable Basic before another scheme', 'Basic !!!, Bearer x', 401],
    ['an unreadable Basic behind a quote that never ends', 'Digest a="b, Basic !!!', 401],
    ['two', `${basic('a', 'b')}, ${basic('a', 'b')}`, 400],
    ['a readable and an unreadable part', `${basic('a', 'b')}, Basic !!!`, 400],
  ])('%s: %s %i [T-07 T-08 A7 N22]', async (_what, authorization, status) => {
    const { server, id, form } = await world()
    const request = { ...form, client_id: id }
    const answer = await send(server, '/oauth/token', request, { authorization })
    expect([answer.status, (await answer.json()).error]).toEqual([
      status,
      status === 401 ? 'invalid_client' : 'invalid_request',
    ])
    const revocation = await send(server, '/oauth/revoke', { client_id: id, token: 'x' }, { authorization })
    expect(revocation.status).toBe(status)
    // The refused request spent nothing.
    expect((await send(server, '/oauth/token', request, {})).status).toBe(200)
  })

  test('a Basic part and a secret in the body', async () => {
    const { server, id, secret, form } = await world('client_secret_basic')
    const authorization = `Bearer x, ${basic(id, secret)}`
    const answer = await send(server, '/oauth/token', { ...form, client_secret: secret }, { authorization })
    expect([answer.status, (await answer.json()).error]).toEqual([400, 'invalid_request'])
  })
})

describe('a content type joined with another', () => {
  test.each([
    `application/json, ${formType}`,
    `${formType}, application/json`,
    `${formType},${formType}`,
    `${formType}; charset=utf-8, application/json`,
    `application/json; charset=utf-8, ${formType}; charset=utf-8`,
    `text/plain, ${formType}`,
    `*/*, ${formType}`,
    `multipart/form-data; boundary="a, b", ${formType}`,
    `, ${formType}`,
    `APPLICATION/JSON, Application/X-WWW-Form-Urlencoded`,
  ])('counts as a form if the body is a form: %s [T-01]', async (type) => {
    const { server, id, form } = await world()
    const answer = await send(server, '/oauth/token', { ...form, client_id: id }, { 'content-type': type })
    expect(answer.status).toBe(200)
    const token = (await answer.json()).refresh_token
    const revoked = await send(server, '/oauth/revoke', { client_id: id, token }, { 'content-type': type })
    expect(revoked.status).toBe(200)
  })

  test.each([
    ['JSON', `application/json, ${formType}`, '{"grant_type":"refresh_token","client_id":"a=b"}'],
    ['a JSON string', `application/json, ${formType}`, '"grant_type=refresh_token&client_id=x"'],
    ['multipart', `multipart/form-data; boundary=x, ${formType}`, '--x\r\ncontent-disposition: form-data; name=a\r\n'],
    ['several lines', `text/plain, ${formType}`, 'grant_type=refresh_token\r\nclient_id=x'],
    ['nothing', `application/json, ${formType}`, ''],
    ['no form type among them', 'application/json, text/plain', 'grant_type=refresh_token&client_id=x'],
    ['the form type as a parameter', `text/plain; x="${formType}"`, 'grant_type=refresh_token&client_id=x'],
    ['the form type inside quotes', `text/plain; x="a, ${formType}"`, 'grant_type=refresh_token&client_id=x'],
    ['a longer name', `${formType}2, application/json`, 'grant_type=refresh_token&client_id=x'],
  ])('does not count as a form with %s [T-01]', async (_what, type, body) => {
    const { server } = await world()
    const answer = await send(server, '/oauth/token', body, { 'content-type': type })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'invalid_request', error_description: `the content type must be ${formType}` },
    ])
  })

  test('is not accepted where a browser posts a form of this server [C-08 N22]', async () => {
    const server = createHarness()
    const browser = new TestBrowser(server)
    for (const [path, fields] of [
      ['/oauth/approve', 'request=x&action=approve'],
      ['/oauth/confirm', 'state=x&action=confirm'],
    ] as const) {
      const statuses = [formType, `text/plain, ${formType}`, `${formType}, ${formType}`].map(async (type) => {
        const headers = { 'content-type': type, origin: server.issuer, 'sec-fetch-site': 'same-origin' }
        const page = await browser.open(path, { method: 'POST', headers, body: fields })
        return (await page.text()).includes('content type') ? 'content type' : page.status
      })
      const [plain, ...joined] = await Promise.all(statuses)
      expect(joined).toEqual(['content type', 'content type'])
      expect(plain).not.toBe('content type')
    }
  })
})

describe('where a bearer token is the credential, every part of the header counts', () => {
  const token = 'x'.repeat(40)
  test.each([
    `Bearer ${token}, Basic eDp5`,
    `Basic eDp5, Bearer ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer stale, Bearer ${token}`,
    `Token ${token}`,
  ])('introspection refuses %s [T-27 N22]', async (authorization) => {
    const { server } = await world()
    const answer = await send(server, '/oauth/introspect', { token: 'x' }, { authorization })
    expect(answer.status).toBe(401)
    const right = await send(server, '/oauth/introspect', { token: 'x' }, { authorization: `Bearer ${token}` })
    expect(right.status).toBe(200)
  })
})
