import type * as oauth from 'oauth4webapi'
import { isObject, jsonOf, utf8 } from '../../base/json.ts'
import type { ForVault, OpenIdProviderOptions } from '../providers/openid-provider.ts'
import { ProviderError } from '../providers/provider.ts'
import type { ProviderMetadata } from '../providers/provider-metadata.ts'
import type { AskUpstream, UpstreamAnswer, UpstreamTokens } from './upstream.ts'

/**
 * Makes what asks an OpenID Provider with refresh tokens (RFC 6749 §6; OpenID Connect Core §12).
 *
 * @param parts those of the provider, whose code a function loads once
 */
export function createAskUpstream(options: OpenIdProviderOptions, parts: ForVault): AskUpstream {
  const { ask, clientAuthentication, createMetadataReader, createProviderKeys, forLibrary, readDocument } = parts
  const issuer = new URL(options.issuer)
  const metadata = createMetadataReader(issuer, options.now)
  const keys = createProviderKeys(metadata, options.now)
  const client: oauth.Client = { client_id: options.clientId }

  async function post(server: ProviderMetadata, url: string, body: URLSearchParams, signal: AbortSignal) {
    const headers = new Headers({ accept: 'application/json' })
    await clientAuthentication(server, options.clientSecret)(forLibrary(server), client, body, headers)
    return ask({ url, headers, body }, signal)
  }

  /** Whether an ID token of the answer is about this person, here and now (OpenID Connect Core §12.2). */
  async function isAbout(
    subject: string,
    idToken: string,
    claims: Members,
    server: ProviderMetadata,
    signal: AbortSignal,
  ) {
    const { iss, sub, aud } = claims
    if (iss !== server.issuer || sub !== subject || ![aud].flat().includes(options.clientId)) return false
    await keys.ready(server, signal)
    return keys.haveSigned(idToken, signal)
  }

  return {
    async refresh({ refreshToken, subject }, signal) {
      let answered = false
      try {
        const server = await metadata.read(signal)
        const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
        const delivered = await post(server, server.token_endpoint, body, signal)
        answered = true
        const answer = await readAnswer(delivered, parts)
        if (answer.kind !== 'tokens' || answer.idToken === undefined) return answer
        const claims = claimsOf(answer.idToken)
        if (!claims || !(await isAbout(subject, answer.idToken, claims, server, signal))) return { kind: 'foreign' }
        return { ...answer, claims }
      } catch (error) {
        const reason = error instanceof ProviderError ? error.message : 'the provider did not answer'
        // The provider may have replaced the token in an answer that could not be checked.
        return { kind: 'failed', reason, doubtful: answered || !(error instanceof ProviderError) }
      }
    },

    async revoke(token, signal) {
      const server = await metadata.read(signal)
      const url = `${issuer.href.replace(/\/$/, '')}/.well-known/openid-configuration`
      const { revocation_endpoint: endpoint } = await readDocument('metadata', url, signal)
      const protocol = typeof endpoint === 'string' ? URL.parse(endpoint)?.protocol : undefined
      if (typeof endpoint !== 'string' || (protocol !== 'https:' && protocol !== issuer.protocol)) return
      await post(server, endpoint, new URLSearchParams({ token, token_type_hint: 'refresh_token' }), signal)
    },
  }
}

type Members = Readonly<Record<string, unknown>>

/** Reads the claims of a JWT. Nothing is verified yet. */
function claimsOf(jwt: string): Members | null {
  const claims = jsonOf(utf8(Buffer.from(jwt.split('.')[1] ?? '', 'base64url')) ?? '')
  return isObject(claims) ? claims : null
}

/** Reads the tokens in an answer of the token endpoint, to a code or to a refresh token. */
export function tokensIn(text: string): UpstreamTokens & { readonly idToken?: string | undefined } {
  const answer = jsonOf(text)
  const members = isObject(answer) ? answer : {}
  const token = (name: string) => {
    const value = members[name]
    return typeof value === 'string' && value !== '' && value.length <= longestToken ? value : undefined
  }
  const { expires_in: seconds } = members
  return {
    refreshToken: token('refresh_token'),
    accessToken: token('access_token'),
    accessLifetime: typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds) ? Math.floor(seconds) : 0,
    idToken: token('id_token'),
  }
}

/** Characters. Tokens of providers with many claims have about 4,000. */
const longestToken = 16_384

/**
 * Reads what the provider's token endpoint says about a refresh token. Only the provider's own words against the token or the person
 * count as a refusal: a gateway, a web page or a mistake in our settings says nothing about the person.
 */
async function readAnswer(
  { delivery, doubtful }: Awaited<ReturnType<ForVault['ask']>>,
  { isGatewayStatus, isSuccess, objectOf }: ForVault,
) {
  const { loggedCode, tokenMeaningOf } = await import('../providers/provider-words.ts')
  const failed = (reason: string, unclear = doubtful): UpstreamAnswer & { readonly idToken?: undefined } => ({
    kind: 'failed',
    reason,
    doubtful: unclear,
  })
  if (delivery.kind === 'unsent') return failed('the token endpoint cannot be reached')
  if (delivery.kind === 'lost') return failed('the answer of the token endpoint was late, or broke off', true)
  const { status, text } = delivery
  const answer = objectOf(text)
  const error = isObject(answer) && typeof answer.error === 'string' ? answer.error : ''
  if (isGatewayStatus(status)) return failed(`the token endpoint answered ${status}`)
  if (error !== '') {
    const reason = `the token endpoint answered ${status} ${loggedCode(error)}`
    const isRefusal = error === 'invalid_grant' || tokenMeaningOf(error) === 'access_denied'
    // RFC 6749 §5.2: a 401 refuses this server as a client, whatever the code.
    return isRefusal && status !== 401
      ? { kind: 'refused' as const, reason, doubtful, idToken: undefined }
      : failed(reason)
  }
  const { idToken, ...tokens } = tokensIn(text)
  if (!isSuccess(status)) return failed(`the token endpoint answered ${status}`)
  // A success without a token may have replaced the refresh token all the same.
  if (tokens.accessToken === undefined) return failed('the answer of the token endpoint has no access token', true)
  return { kind: 'tokens' as const, tokens, idToken }
}
