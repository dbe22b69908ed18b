import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OAuthClient, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { form, json, type Sent, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

const notUtf8 = Buffer.from([0xff, 0xfe])

let stack: Stack
let client: OAuthClient
let accessToken: string
let refreshToken: string

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
  ;({ accessToken, refreshToken } = await obtainTokens(client))
})
afterAll(async () => {
  await stack.stop()
})

describe('the token endpoint takes only a form, and names the error', () => {
  const good = () => `grant_type=refresh_token&client_id=${client.clientId}&refresh_token=${refreshToken}`

  const requests: Readonly<Record<string, () => Sent>> = {
    'no body': () => ({ method: 'POST' }),
    'no content type': () => ({ method: 'POST', body: good() }),
    JSON: () => json('{"grant_type":"refresh_token"}'),
    'a multipart form': () => form(good(), 'multipart/form-data; boundary=x'),
    'a plain text': () => form(good(), 'text/plain'),
    'a body of 40 KB': () => form(`${good()}&padding=${'x'.repeat(40_000)}`),
    'a repeated grant_type': () => form(`${good()}&grant_type=refresh_token`),
    'a repeated client_id': () => form(`${good()}&client_id=${client.clientId}`),
    'a repeated refresh_token': () => form(`${good()}&refresh_token=${refreshToken}`),
    'bytes that are not UTF-8': () => form(Buffer.concat([Buffer.from(`${good()}&name=`), notUtf8])),
    'an empty grant_type': () => form('grant_type='),
    'no client_id': () => form(`grant_type=refresh_token&refresh_token=${refreshToken}`),
    'no refresh_token': () => form(`grant_type=refresh_token&client_id=${client.clientId}`),
  }

  test.each(Object.keys(requests))('%s: 400 invalid_request [T-01 T-03 A7]', async (what) => {
    const response = await send(`${stack.url}/oauth/token`, requests[what]?.())
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: 'invalid_request', error_description: expect.any(String) })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    })
  })

  test('parameters in the URL are ignored [T-01]', async () => {
    const response = await send(`${stack.url}/oauth/token?${good()}`, form(''))
    expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_request'])
  })

  test.each([
    ['grant_type=password', 400, 'unsupported_grant_type'],
    ['grant_type=authorization_code&code=x&code_verifier=y', 400, 'invalid_grant'],
    ['grant_type=refresh_token&refresh_token=x', 400, 'invalid_grant'],
    ['grant_type=refresh_token&refresh_token=x&client_secret=y', 401, 'invalid_client'],
  ])('%s: %i %s [T-06 T-07 T-24]', async (body, status, error) => {
    const response = await send(`${stack.url}/oauth/token`, form(`client_id=${client.clientId}&${body}`))
    expect([response.status, (await response.json()).error]).toEqual([status, error])
  })

  test('an access token is not accepted as a refresh token [T-28 A13]', async () => {
    expect((await client.refresh(accessToken)).body.error).toBe('invalid_grant')
  })

  test('after all of that, the refresh token still works', async () => {
    const { status, body } = await client.refresh(refreshToken)
    expect([status, body.error]).toEqual([200, undefined])
  })

  test('a body over the limit of the platform: 413', async () => {
    const response = await send(`${stack.url}/oauth/token`, form('x'.repeat(6_400_000)))
    expect(response.status).toBe(413)
  })
})

describe('registration takes only JSON, and names the error', () => {
  const metadata = '{"redirect_uris":["https://app.example/cb"]}'

  test.each<[string, Sent, string]>([
    ['no body', { method: 'POST' }, 'invalid_client_metadata'],
    ['a form', form('redirect_uris=https://app.example/cb'), 'invalid_client_metadata'],
    ['JSON with a text content type', json(metadata, 'text/plain'), 'invalid_client_metadata'],
    ['half of JSON', json('{"redirect_uris":['), 'invalid_client_metadata'],
    ['null', json('null'), 'invalid_client_metadata'],
    ['a list', json(`[${metadata}]`), 'invalid_client_metadata'],
    ['a body of 20 KB', json(`{"padding":"${'x'.repeat(20_000)}"}`), 'invalid_client_metadata'],
    ['a JSON bomb of brackets', json('['.repeat(10_000)), 'invalid_client_metadata'],
    [
      'bytes that are not UTF-8',
      json(Buffer.concat([Buffer.from(`${metadata.slice(0, -1)},"client_name":"`), notUtf8, Buffer.from('"}')])),
      'invalid_client_metadata',
    ],
    ['no redirect_uris', json('{"client_name":"x"}'), 'invalid_redirect_uri'],
    ['a script for a redirect URI', json('{"redirect_uris":["javascript:alert(1)"]}'), 'invalid_redirect_uri'],
    ['redirect_uris of numbers', json('{"redirect_uris":[1]}'), 'invalid_client_metadata'],
  ])('%s: 400 [R-03 R-05 R-12 T-03 A7 B8-19]', async (_what, request, error) => {
    const response = await send(`${stack.url}/oauth/register`, request)
    expect([response.status, (await response.json()).error]).toEqual([400, error])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('the content type may carry a charset', async () => {
    const response = await send(`${stack.url}/oauth/register`, json(metadata, 'application/json; charset=utf-8'))
    expect([response.status, response.headers.get('cache-control')]).toEqual([201, 'no-store'])
  })
})

describe('the pages of a sign-in refuse malformed requests', () => {
  const repeated = (name: string) => {
    const { url } = client.authorizationRequest()
    url.searchParams.append(name, url.searchParams.get(name) ?? '')
    return url
  }

  test.each(['client_id', 'redirect_uri'])('%s twice: a page, no redirect [A-03 A-04]', async (name) => {
    const response = await send(repeated(name))
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  test.each(['response_type', 'state', 'code_challenge', 'code_challenge_method', 'scope'])(
    '%s twice: invalid_request at the client [A-03]',
    async (name) => {
      const response = await send(repeated(name))
      const { searchParams } = new URL(response.headers.get('location') ?? '')
      expect([response.status, searchParams.get('error'), searchParams.get('iss')]).toEqual([
        303,
        'invalid_request',
        stack.url,
      ])
    },
  )

  test('resource twice is allowed, if both are this server [A-03 A-09]', async () => {
    expect((await send(repeated('resource'))).status).toBe(200)
    const { url } = client.authorizationRequest()
    url.searchParams.append('resource', 'https://other.example/mcp')
    const { searchParams } = new URL((await send(url)).headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe('invalid_target')
  })

  const sameOrigin = { origin: '', 'sec-fetch-site': 'same-origin' }

  test.each<[string, Sent]>([
    ['no body', { method: 'POST' }],
    ['JSON', json('{"action":"approve"}')],
    ['a body of 40 KB', form(`action=approve&request=${'x'.repeat(40_000)}`)],
    ['two actions', form('action=approve&action=approve&request=x')],
    ['a request that is not sealed', form('action=approve&request=x')],
  ])('an approval with %s: a page, no redirect, no cookie [C-08]', async (_what, request) => {
    const headers = { ...request.headers, ...sameOrigin, origin: stack.url }
    const response = await send(`${stack.url}/oauth/approve`, { ...request, headers })
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      400,
      null,
      [],
    ])
  })

  test.each(['', '?state=x&state=y&code=z', '?state=%00', `?state=${'s'.repeat(9_000)}`, '?error=access_denied'])(
    'a callback with %j: a page, no redirect [F-02]',
    async (query) => {
      const response = await send(`${stack.url}/mcp/callback${query}`)
      expect([400, 403]).toContain(response.status)
      expect(response.headers.get('location')).toBeNull()
    },
  )
})
