import { randomBytes, randomUUID } from 'node:crypto'
import { auth, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { deploy } from '../support/deploy.ts'
import { callMcp, registerClient } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** What becomes of clients and tokens of the sign-in that the Redpanda documentation's first version had (docs/migrating.md). */

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ settings: { REQUIRE_AUTH: 'true' } })
})
afterAll(() => stack?.stop())

// The forms of the first version: random identifiers that meant a record in its store.
const oldClientId = () => `mcp_${randomBytes(24).toString('base64url')}`
const oldRefreshToken = () => `rt_${randomBytes(32).toString('base64url')}`

async function oldAccessToken(issuer: string): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256')
  return new SignJWT({ email: 'reader@example.com', email_verified: true, scope: 'openid email profile' })
    .setProtectedHeader({ alg: 'RS256', kid: 'old', typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(`${issuer}/mcp`)
    .setSubject('auth0|1')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey)
}

test('an access token of the first version is asked to sign in again, and the client learns where', async () => {
  const answer = await callMcp(stack.mcpUrl, await oldAccessToken(stack.url))
  expect(answer.status).toBe(401)
  const challenge = answer.headers.get('www-authenticate')
  expect(challenge).toContain('error="invalid_token"')
  expect(challenge).toContain(`resource_metadata="${stack.url}/.well-known/oauth-protected-resource/mcp"`)
})

test('a registered client of the first version is unknown: it registers again by itself, and its user learns what to do', async () => {
  const own = await registerClient(stack.url)
  const client_id = oldClientId()
  const refreshed = await own.refresh(oldRefreshToken(), { client_id })
  expect([refreshed.status, refreshed.body.error]).toEqual([401, 'invalid_client'])
  const page = await send(own.authorizationRequest({ client_id }).url, { headers: { accept: 'text/html' } })
  expect([page.status, page.headers.get('location')]).toEqual([400, null])
  expect(await page.text()).toContain('We no longer recognize this app')
})

test('a refresh token of the first version, of a client that is known here, ends in a new sign-in', async () => {
  const refreshed = await (await registerClient(stack.url)).refresh(oldRefreshToken())
  expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant'])
})

test('a client with the MCP SDK that has all of the first version registers anew and signs in, without an error', async () => {
  const client: { information: OAuthClientInformationFull; tokens: OAuthTokens; verifier: string; url?: URL } = {
    information: { client_id: oldClientId(), redirect_uris: ['http://127.0.0.1:33418/callback'] },
    tokens: { access_token: await oldAccessToken(stack.url), token_type: 'Bearer', refresh_token: oldRefreshToken() },
    verifier: '',
  }
  const discarded: string[] = []
  let known = true
  let signedIn = true
  const provider: OAuthClientProvider = {
    redirectUrl: 'http://127.0.0.1:33418/callback',
    clientMetadata: { client_name: 'Old friend', redirect_uris: ['http://127.0.0.1:33418/callback'], scope: 'openid email profile' }, // biome-ignore format: one line
    state: () => randomUUID(),
    clientInformation: () => (known ? client.information : undefined),
    saveClientInformation(information) {
      known = true
      client.information = { redirect_uris: [], ...information }
    },
    tokens: () => (signedIn ? client.tokens : undefined),
    saveTokens(tokens) {
      signedIn = true
      client.tokens = tokens
    },
    redirectToAuthorization(url) {
      client.url = url
    },
    saveCodeVerifier(verifier) {
      client.verifier = verifier
    },
    codeVerifier: () => client.verifier,
    invalidateCredentials(scope) {
      discarded.push(scope)
      if (scope === 'all' || scope === 'client') known = false
      if (scope === 'all' || scope === 'tokens') signedIn = false
    },
  }
  expect(await auth(provider, { serverUrl: stack.mcpUrl })).toBe('REDIRECT')
  expect(discarded).toEqual(['all'])
  expect(client.information.client_id).not.toMatch(/^mcp_/)
  if (!client.url) throw new Error('the client opened no page')
  const answer = await personSignsIn({ authorizationUrl: client.url, email: 'reader@example.com' })
  const authorizationCode = answer.searchParams.get('code') ?? ''
  expect(await auth(provider, { serverUrl: stack.mcpUrl, authorizationCode })).toBe('AUTHORIZED')
  expect((await callMcp(stack.mcpUrl, client.tokens.access_token)).status).toBe(200)
})

test('settings of the first version: STORE_BACKEND=neon and its signing key close the sign-in, and the log says which', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const key = { privateJwk: await exportJWK(privateKey), publicJwk: await exportJWK(publicKey), kid: 'old' }
  const old = await deploy(stack, { STORE_BACKEND: 'neon', MCP_OAUTH_SIGNING_JWK: JSON.stringify(key) })
  expect((await send(`${old.url}/health/ready`)).status).toBe(503)
  await expect.poll(() => old.lines.join('\n')).toMatch(/"misconfigured".*/)
  const problems = old.lines.join('\n')
  for (const name of ['STORE_BACKEND', 'MCP_OAUTH_SIGNING_JWK']) expect(problems).toContain(name)
})
