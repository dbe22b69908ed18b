import { createHash, randomBytes } from 'node:crypto'
import * as v from 'valibot'
import type { Browser } from '../../dev/browser/jar.ts'
import { openConsentPage, personSignsIn } from '../../dev/browser/person.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'

const text = v.optional(v.string())
const tokenBody = v.looseObject({
  access_token: text,
  refresh_token: text,
  scope: text,
  expires_in: v.optional(v.number()),
  error: text,
})

/** An answer of the token endpoint, success or not. */
export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: v.InferOutput<typeof tokenBody>
}

/** One authorization request of a client, and what the client keeps for it. */
export interface AuthorizationRequest {
  readonly url: URL
  readonly codeVerifier: string
  readonly state: string
}

/** Parameters that replace or, where empty, blank those that a well-behaved client sends. */
export type Changes = Readonly<Record<string, string>>

/** A public client on loopback, like most MCP clients. It knows the RFCs only, and nothing of this project. */
export interface OAuthClient {
  readonly clientId: string
  readonly redirectUri: string
  authorizationRequest(changes?: Changes): AuthorizationRequest
  redeem(request: AuthorizationRequest, code: string, changes?: Changes): Promise<TokenAnswer>
  refresh(refreshToken: string, changes?: Changes): Promise<TokenAnswer>
  /** Ends the authorization that a token belongs to (RFC 7009). */
  revoke(token: string, changes?: Changes): Promise<Response>
}

const redirectUri = 'http://127.0.0.1:7777/callback'

/** Registers a client at the authorization server (RFC 7591). @throws Error unless it is answered 201 */
export async function registerClient(issuer: string, name = 'Test client'): Promise<OAuthClient> {
  const response = await fetch(`${issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: name,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
    }),
  })
  if (response.status !== 201) throw new Error(`the registration was answered ${response.status}`)
  const { client_id: clientId } = v.parse(v.object({ client_id: v.string() }), await response.json())

  async function token(form: Changes): Promise<TokenAnswer> {
    const answered = await fetch(`${issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
    const body = v.parse(tokenBody, await answered.json())
    keepSecret(body.access_token, body.refresh_token)
    return { status: answered.status, headers: answered.headers, body }
  }

  return {
    clientId,
    redirectUri,
    authorizationRequest(changes = {}) {
      const codeVerifier = randomBytes(32).toString('base64url')
      const state = randomBytes(16).toString('base64url')
      keepSecret(codeVerifier, state)
      const url = new URL(`${issuer}/oauth/authorize`)
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
        code_challenge_method: 'S256',
        resource: `${issuer}/mcp`,
        scope: 'docs:read',
        ...changes,
      }).toString()
      return { url, codeVerifier, state }
    },
    redeem: ({ codeVerifier }, code, changes = {}) =>
      token({
        grant_type: 'authorization_code',
        client_id: clientId,
        redirect_uri: redirectUri,
        code,
        code_verifier: codeVerifier,
        ...changes,
      }),
    refresh: (refreshToken, changes = {}) =>
      token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken, ...changes }),
    revoke: (revoked, changes = {}) =>
      fetch(`${issuer}/oauth/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: clientId, token: revoked, ...changes }),
      }),
  }
}

/** A code for this client. A user with a new browser has just approved it. */
export async function obtainCode(
  client: OAuthClient,
  email = newAddress(),
  changes: Changes = {},
): Promise<{ readonly request: AuthorizationRequest; readonly code: string }> {
  const request = client.authorizationRequest(changes)
  const answer = await personSignsIn({ authorizationUrl: request.url, email, browser: createWatchedBrowser() })
  return { request, code: codeOf(answer) }
}

/** A code for this client from the mock provider, where every user is the same made-up person. */
export async function obtainCodeByMock(
  client: OAuthClient,
  changes: Changes = {},
): Promise<{ readonly request: AuthorizationRequest; readonly code: string }> {
  const request = client.authorizationRequest(changes)
  const browser = createWatchedBrowser()
  const page = await openConsentPage(browser, request.url)
  const upstream = locationOf(await page.press('approve'))
  const callback = locationOf(await browser.fetch(upstream))
  return { request, code: codeOf(locationOf(await browser.fetch(callback))) }
}

/** A session for this client. @throws Error unless the code is answered with both tokens */
export async function obtainTokens(
  client: OAuthClient,
  email = newAddress(),
  changes: Changes = {},
): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  const { request, code } = await obtainCode(client, email, changes)
  return tokensOf(await client.redeem(request, code))
}

/** @throws Error unless the answer has both tokens */
export function tokensOf({ status, body }: TokenAnswer): {
  readonly accessToken: string
  readonly refreshToken: string
} {
  const { access_token: accessToken, refresh_token: refreshToken, error } = body
  if (status !== 200 || accessToken === undefined || refreshToken === undefined) {
    throw new Error(`no tokens: ${status} ${error}`)
  }
  return { accessToken, refreshToken }
}

/** The code in an authorization response. @throws Error if there is none */
export function codeOf(answer: URL): string {
  const code = answer.searchParams.get('code')
  if (code === null) throw new Error(`no code: ${answer.searchParams.get('error')}`)
  keepSecret(code)
  return code
}

/** The email address of a new user. */
export function newAddress(): string {
  const email = `reader-${randomBytes(6).toString('hex')}@example.com`
  keepSecret(email)
  return email
}

/** How a user comes to the callback; see `userAtCallback`. */
export interface UserAtCallback {
  readonly browser?: Browser
  readonly email?: string
  /** Presses Cancel at the OpenID Provider. */
  readonly cancel?: boolean
  readonly changes?: Changes
  /** Runs between the approval and the OpenID Provider. */
  readonly approved?: () => Promise<void>
}

/** A user approves and signs in at the OpenID Provider, or cancels there, and is about to be sent back to the broker. */
export async function userAtCallback(client: OAuthClient, options: UserAtCallback = {}) {
  const { browser = createWatchedBrowser(), email = newAddress(), cancel = false, changes, approved } = options
  const request = client.authorizationRequest(changes)
  const page = await openConsentPage(browser, request.url)
  const url = locationOf(await page.press('approve'))
  await approved?.()
  const callback = await signInHeadless({ url, email, cancel, fetch: browser.fetch })
  return {
    browser,
    request,
    callback,
    /** Sends the browser to the callback. */
    load: () => browser.fetch(callback),
    /** Redeems the code in an answer of the broker. @throws Error unless both tokens are issued */
    redeem: async (answer: Response) => tokensOf(await client.redeem(request, codeOf(locationOf(answer)))),
  }
}

/** Returns where a 303 leads. @throws Error for every other answer */
export function locationOf(response: Response): URL {
  const location = response.headers.get('location')
  if (response.status !== 303 || location === null) throw new Error(`no redirect: ${response.status}`)
  return new URL(location)
}

/** One JSON-RPC request to an MCP endpoint, as a client of the 2025 revisions sends it. */
export function callMcp(
  mcpUrl: string,
  accessToken: string,
  method = 'tools/list',
  params: object = {},
): Promise<Response> {
  return fetch(mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}
