import { createHash } from 'node:crypto'
import {
  auth,
  Client,
  DpopSession,
  type OAuthClientProvider,
  type OAuthTokens,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { newAddress, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let issuer: URL
let clientId: string

beforeAll(async () => {
  stack = await startStack()
  issuer = new URL(stack.url)
  clientId = (await registerClient(stack.url, 'DPoP client')).clientId
})
afterAll(() => stack?.stop())

const redirectUri = 'http://127.0.0.1:7777/callback'
const insecure = { [oauth.allowInsecureRequests]: true }

/** A user approves and signs in. Returns where the browser was sent. */
const userAt = (authorizationUrl: URL) =>
  personSignsIn({ authorizationUrl, email: newAddress(), browser: createWatchedBrowser() })

const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-11-25',
}
const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

test('the MCP SDK signs a user in with DPoP, calls tools, and refreshes with its key only [P-01 T-29]', async () => {
  const session = await DpopSession.create()
  const kept: { tokens?: OAuthTokens; verifier: string; url?: URL } = { verifier: '' }
  const provider: OAuthClientProvider = {
    redirectUrl: redirectUri,
    clientMetadata: { client_name: 'DPoP client', redirect_uris: [redirectUri] },
    clientInformation: () => ({ client_id: clientId }),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => {
      keepSecret(tokens.access_token, tokens.refresh_token)
      kept.tokens = tokens
    },
    redirectToAuthorization: (url) => {
      kept.url = url
    },
    saveCodeVerifier: (verifier) => {
      kept.verifier = verifier
    },
    codeVerifier: () => kept.verifier,
    dpop: () => session,
  }
  expect(await auth(provider, { serverUrl: stack.mcpUrl })).toBe('REDIRECT')
  if (!kept.url) throw new Error('the client opened no page')
  const answer = await userAt(kept.url)
  const authorizationCode = answer.searchParams.get('code') ?? ''
  const iss = answer.searchParams.get('iss') ?? undefined
  expect(await auth(provider, { serverUrl: stack.mcpUrl, authorizationCode, iss } as never)).toBe('AUTHORIZED')
  expect(kept.tokens?.token_type).toBe('DPoP')

  const client = new Client({ name: 'dpop', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(stack.mcpUrl), { authProvider: provider }))
  expect((await client.listTools()).tools.length).toBeGreaterThan(0)
  await client.close()

  const before = kept.tokens?.access_token
  expect(await auth(provider, { serverUrl: stack.mcpUrl })).toBe('AUTHORIZED')
  expect([kept.tokens?.token_type, kept.tokens?.access_token === before]).toEqual(['DPoP', false])
  const stolen = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: kept.tokens?.refresh_token ?? '',
  })
  const refused = await fetch(`${stack.url}/oauth/token`, { method: 'POST', body: stolen })
  expect([refused.status, (await refused.json()).error]).toEqual([400, 'invalid_dpop_proof'])
})

test('oauth4webapi pushes its request, binds the code to its key, and calls /mcp with and without a digest [P-01 P-02 P-04 T-32]', async () => {
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  )
  expect(server.dpop_signing_alg_values_supported).toContain('ES256')
  const client: oauth.Client = { client_id: clientId }
  const keyPair = await oauth.generateKeyPair('ES256')
  const DPoP = oauth.DPoP(client, keyPair)
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  keepSecret(verifier, state)
  const pushed = await oauth.processPushedAuthorizationResponse(
    server,
    client,
    await oauth.pushedAuthorizationRequest(
      server,
      client,
      oauth.None(),
      {
        response_type: 'code',
        redirect_uri: redirectUri,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        resource: stack.mcpUrl,
        state,
      },
      { DPoP, ...insecure },
    ),
  )
  const url = new URL(server.authorization_endpoint ?? '')
  url.search = new URLSearchParams({ client_id: clientId, request_uri: pushed.request_uri }).toString()
  const parameters = oauth.validateAuthResponse(server, client, await userAt(url), state)

  async function redeem(options: object) {
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri,
      verifier,
      { ...options, ...insecure },
    )
    return oauth.processAuthorizationCodeResponse(server, client, response)
  }
  const thief = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
  for (const options of [{}, { DPoP: thief }]) await expect(redeem(options)).rejects.toThrow(/error/)
  const tokens = await redeem({ DPoP })
  keepSecret(tokens.access_token, tokens.refresh_token)
  expect(tokens.token_type).toBe('dpop')

  const withDigest = oauth.DPoP(client, keyPair, {
    [oauth.modifyAssertion]: (_header, payload) => {
      payload.content_digest = digest
    },
  })
  for (const proof of [DPoP, withDigest]) {
    const answer = await oauth.protectedResourceRequest(
      tokens.access_token,
      'POST',
      new URL(stack.mcpUrl),
      new Headers(headers),
      body,
      { DPoP: proof, ...insecure },
    )
    expect(answer.status).toBe(200)
  }
})

test('openid-client signs a user in with a pushed request and DPoP, refreshes and calls /mcp [P-01 P-04 T-32]', async () => {
  const config = await openid.discovery(issuer, clientId, undefined, openid.None(), {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  })
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const expectedState = openid.randomState()
  keepSecret(pkceCodeVerifier, expectedState)
  const parameters = {
    redirect_uri: redirectUri,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    resource: stack.mcpUrl,
    state: expectedState,
  }
  const url = await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
  expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
  const answer = await userAt(url)
  const checks = { pkceCodeVerifier, expectedState }
  const tokens = await openid.authorizationCodeGrant(config, answer, checks, undefined, { DPoP })
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP })
  keepSecret(tokens.access_token, tokens.refresh_token, refreshed.access_token, refreshed.refresh_token)
  expect(refreshed.token_type).toBe('dpop')
  const called = await openid.fetchProtectedResource(
    config,
    refreshed.access_token,
    new URL(stack.mcpUrl),
    'POST',
    body,
    new Headers(headers),
    { DPoP },
  )
  expect(called.status).toBe(200)
})

test('a bound token as Bearer is refused, with a challenge that names DPoP, at the built function [P-03 N11]', async () => {
  const config = await openid.discovery(issuer, clientId, undefined, openid.None(), {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  })
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  keepSecret(pkceCodeVerifier)
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    resource: stack.mcpUrl,
  })
  const tokens = await openid.authorizationCodeGrant(config, await userAt(url), { pkceCodeVerifier }, undefined, {
    DPoP,
  })
  keepSecret(tokens.access_token, tokens.refresh_token)
  const authorization = `Bearer ${tokens.access_token}`
  const answer = await fetch(stack.mcpUrl, { method: 'POST', body, headers: { ...headers, authorization } })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_token".*algs="ES256 /)
})
