import * as v from 'valibot'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import type { AuthorizationRequest } from './authorization.ts'
import { check, checkSame } from './check.ts'
import type { Discovered } from './discovery.ts'
import { checkStatus, type Exchange, exchange, jsonOf } from './http.ts'
import type { ClientProfile, TokenKind } from './profile.ts'
import type { KnownClient } from './registration.ts'
import { scopeOf } from './scope.ts'
import type { ProfileStack } from './world.ts'

const tokenAnswer = v.object({
  access_token: v.string(),
  refresh_token: v.string(),
  token_type: v.string(),
  expires_in: v.number(),
  scope: v.string(),
})

export interface Tokens {
  readonly access: string
  readonly refresh: string
}

/** A client at the token endpoint, as it behaves there. */
export interface TokenClient {
  redeem(request: AuthorizationRequest, code: string): Promise<Tokens>
  refresh(refreshToken: string): Promise<Tokens>
  /** Refreshes, and returns any answer. */
  tryRefresh(refreshToken: string): Promise<Exchange>
  revoke(token: string, kind: TokenKind): Promise<void>
}

export function createTokenClient(
  profile: ClientProfile,
  found: Discovered,
  client: KnownClient,
  stack: ProfileStack,
): TokenClient {
  const { tokens } = profile
  const { token_endpoint: tokenEndpoint, revocation_endpoint: revocationEndpoint, issuer } = found.server
  const resource = { resource: found.resource.resource }
  const scope = scopeOf(profile, found)

  async function post(endpoint: string, form: Record<string, string>): Promise<Exchange> {
    const { headers, body } = await authenticated(form, endpoint)
    const sent = { 'content-type': 'application/x-www-form-urlencoded', ...tokens.headers, ...headers }
    return exchange(profile, 'POST', endpoint, sent, new URLSearchParams(body))
  }

  async function authenticated(form: Record<string, string>, endpoint: string) {
    const { id, authentication } = client
    const named = { ...form, client_id: id }
    switch (authentication.method) {
      case 'none':
        return { headers: {}, body: named }
      case 'client_secret_post':
        return { headers: {}, body: { ...named, client_secret: authentication.secret } }
      case 'client_secret_basic': {
        // Not form-encoded first, as RFC 6749 §2.3.1 would have it: the SDKs leave that out (T-08).
        const credentials = Buffer.from(`${id}:${authentication.secret}`).toString('base64')
        return { headers: { authorization: `Basic ${credentials}` }, body: form }
      }
      case 'private_key_jwt': {
        const audience = authentication.assertion.audience === 'issuer' ? issuer : endpoint
        const assertion = await stack.documents.sign(authentication.assertion, id, audience)
        const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
        return { headers: {}, body: { ...named, client_assertion_type: type, client_assertion: assertion } }
      }
    }
  }

  const tryRefresh = (refreshToken: string) =>
    post(tokenEndpoint, {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      ...(tokens.resource.refresh && resource),
      ...(tokens.scopeOnRefresh && scope !== null && { scope }),
    })

  return {
    async redeem({ redirectUri, codeVerifier }, code) {
      const answer = await post(tokenEndpoint, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
        ...(tokens.resource.exchange && resource),
      })
      return tokensOf(answer, profile)
    },
    refresh: async (refreshToken) => tokensOf(await tryRefresh(refreshToken), profile),
    tryRefresh,
    async revoke(token, kind) {
      check(revocationEndpoint !== undefined, 'the metadata names no revocation endpoint')
      checkStatus(await post(revocationEndpoint, { token, token_type_hint: kind }), 200)
    },
  }
}

function tokensOf(answer: Exchange, { tokens }: ClientProfile): Tokens {
  checkStatus(answer, 200)
  check(answer.headers.get('cache-control') === 'no-store', 'the tokens may be cached')
  const { access_token: access, refresh_token: refresh, ...rest } = v.parse(tokenAnswer, jsonOf(answer))
  keepSecret(access, refresh)
  checkSame('token_type', rest.token_type, 'Bearer')
  check(rest.expires_in > 2 * tokens.refreshesEarly, 'it would refresh all the time')
  return { access, refresh }
}
