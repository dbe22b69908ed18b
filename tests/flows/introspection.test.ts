import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { deploy } from '../support/deploy.ts'
import { hourWithRoom } from '../support/hour.ts'
import { type OAuthClient, obtainCode, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { form, send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

const tokens = ['introspection-token-of-one-server-0c1f', 'introspection-token-of-another-7be02c']
const [mine = '', others = ''] = tokens
const key = createPinnedKey()
const settings = { ...key.settings, MCP_OAUTH_INTROSPECTION_TOKENS: tokens.join(', ') }
let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  keepSecret(...tokens)
  stack = await startStack({ settings })
  client = await registerClient(stack.url)
})
afterEach(() => stack.emulator.clearFaults())
afterAll(async () => {
  await stack.stop()
})

/** An introspection request of a resource server. @param authorization the whole header */
function introspect(
  body: Readonly<Record<string, string>>,
  authorization: string | undefined = `Bearer ${mine}`,
  url = stack.url,
): Promise<Response> {
  const { headers, ...sent } = form(new URLSearchParams(body).toString())
  return send(`${url}/oauth/introspect`, {
    ...sent,
    headers: { ...headers, ...(authorization && { authorization }) },
  })
}

const answer = async (token: string) => (await introspect({ token })).json()

test('MCP_OAUTH_INTROSPECTION_TOKENS: without it there is no introspection endpoint; with it, no metadata names the endpoint [T-27 D-12]', async () => {
  const { url } = await deploy(stack, { MCP_OAUTH_INTROSPECTION_TOKENS: '' })
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    expect((await send(`${url}/oauth/introspect`, { method })).status).toBe(404)
  }
  const metadata = await send(`${stack.url}/.well-known/oauth-authorization-server`)
  expect(await metadata.text()).not.toContain('introspect')
})

test('a resource server learns what an access token allows, but not the name or email of the user [T-27]', async () => {
  const { accessToken } = await obtainTokens(client)
  const { iss, sub, aud, client_id, scope, jti, iat, exp } = decodeJwt(accessToken)
  for (const token of tokens) {
    const response = await introspect({ token: accessToken, token_type_hint: 'refresh_token' }, `bearer ${token}`)
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    const claims = { iss, sub, aud, client_id, scope, jti, iat, exp }
    expect(await response.json()).toEqual({ active: true, token_type: 'Bearer', ...claims })
  }
})

test('every other token is inactive, and the answer says nothing more [T-27 A13]', async () => {
  const { accessToken, refreshToken } = await obtainTokens(client)
  const { code } = await obtainCode(client)
  const revoked = await obtainTokens(client)
  expect(await answer(revoked.accessToken)).toMatchObject({ active: true })
  await client.revoke(revoked.refreshToken)
  const now = Math.floor(Date.now() / 1000)
  const shown = [
    'junk',
    refreshToken,
    code,
    client.clientId,
    mine,
    `${accessToken.slice(0, -4)}AAAA`,
    await key.resign(accessToken, { claims: { iat: now - 7200, exp: now - 3600 } }),
    await key.resign(accessToken, { claims: { aud: 'https://other.example/mcp' } }),
    await key.resign(accessToken, { claims: { aud: [stack.mcpUrl, 'https://other.example/mcp'] } }),
    await key.resign(accessToken, { claims: { iss: 'https://other.example' } }),
    await key.resign(accessToken, { claims: { grant: 'grants/202711/u_nobody/nothing' } }),
    await key.resign(accessToken, { typ: 'JWT' }),
    await createPinnedKey().resign(accessToken),
    revoked.accessToken,
    revoked.refreshToken,
  ]
  for (const token of shown) {
    const response = await introspect({ token })
    expect([response.status, await response.text()]).toEqual([200, '{"active":false}'])
  }
  expect((await introspect({})).status).toBe(400)
})

testOnBlobs('while the store is down: 503 and Retry-After, and nothing about the token [T-27]', async () => {
  const { accessToken } = await obtainTokens(client)
  stack.emulator.addFault({ action: 'status', status: 503, method: 'GET', key: '^grants/' })
  const response = await introspect({ token: accessToken })
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([503, null])
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
})

test('only a caller with a token may ask; after 20 wrong tokens from an address in an hour its other wrong tokens get 429, and good ones still work [T-27 O-11]', async () => {
  const { accessToken } = await obtainTokens(client)
  const { url } = await deploy(stack, settings)
  const ask = (authorization?: string) => introspect({ token: accessToken }, authorization, url)
  const basic = (password: string) => `Basic ${Buffer.from(`resource-server:${password}`).toString('base64')}`
  await hourWithRoom()
  // Most libraries of resource servers send a client's name and secret.
  expect((await ask(basic(mine))).status).toBe(200)
  expect((await ask(basic(`${mine}x`))).status).toBe(401)
  for (const authorization of ['', 'Basic', basic(''), `Bearer ${mine} ${mine}`]) {
    const stranger = await ask(authorization)
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="introspection"'])
  }
  for (const wrong of ['x', `${mine}x`, mine.slice(1), tokens.join(','), accessToken]) {
    const stranger = await ask(`Bearer ${wrong}`)
    expect(stranger.status).toBe(401)
    expect(stranger.headers.get('www-authenticate')).toBe('Bearer realm="introspection", error="invalid_token"')
    expect(await stranger.text()).not.toContain('active')
  }
  for (let right = 0; right < 30; right++) expect((await ask(`Bearer ${others}`)).status).toBe(200)
  // Five at a time. With all at once, a busy store takes longer than the second for which the count waits, and guesses pass uncounted.
  const guesses: number[] = []
  for (let i = 0; i < 6; i++) {
    const five = await Promise.all(Array.from({ length: 5 }, (_, j) => ask(`Bearer ${mine}${i}${j}`)))
    guesses.push(...five.map(({ status }) => status))
  }
  expect(guesses.filter((status) => status === 401)).toHaveLength(14)
  const limited = await ask('Bearer wrong')
  expect(limited.status).toBe(429)
  expect((await ask(`Bearer ${mine}`)).status).toBe(200)
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
})
