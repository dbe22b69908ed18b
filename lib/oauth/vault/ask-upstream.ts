import type * as oauth from 'oauth4webapi'
import { isObject, jsonOf, utf8 } from '../../base/json.ts'
import type { ForVault, Oddities, OpenIdProviderOptions } from '../providers/openid-provider.ts'
import { ProviderError } from '../providers/provider.ts'
import type { ProviderMetadata } from '../providers/provider-metadata.ts'
import type { AskUpstream, Claimed, Presented, UpstreamAnswer, UpstreamTokens } from './upstream.ts'

/**
 * Makes what asks an OpenID Provider with refresh tokens (RFC 6749 §6; OpenID Connect Core §12).
 *
 * @param parts those of the provider, whose code a function loads once
 */
export function createAskUpstream(options: OpenIdProviderOptions, parts: ForVault): AskUpstream {
  const { ask, clientAuthentication, createMetadataReader, createProviderKeys, forLibrary, readDocument } = parts
  const { oddities = {}, roleMarks } = options
  const issuer = new URL(options.issuer)
  const metadata = createMetadataReader(issuer, options.now, oddities.discovery)
  const keys = createProviderKeys(metadata, options.now)
  const client: oauth.Client = { client_id: options.clientId }

  async function post(server: ProviderMetadata, url: string, body: URLSearchParams, signal: AbortSignal) {
    const headers = new Headers({ accept: 'application/json' })
    await clientAuthentication(server, options.clientSecret)(forLibrary(server), client, body, headers)
    return ask({ url, headers, body }, signal)
  }

  /** Whether an ID token of the answer is about this person, here and now (OpenID Connect Core §12.2). */
  async function isAbout(
    { subject, issuer: ofPerson }: Presented,
    idToken: string,
    claims: Members,
    server: ProviderMetadata,
    signal: AbortSignal,
  ) {
    const { iss, sub, aud } = claims
    const expected = issuerIn(claims, server, ofPerson)
    if (iss !== expected || sub !== subject || ![aud].flat().includes(options.clientId)) return false
    // One provider may speak for many tenants, and a subject is a person of one of them.
    if (ofPerson !== undefined && bare(ofPerson) !== bare(expected)) return false
    await keys.ready(server, signal)
    return keys.haveSigned(idToken, signal, (named) => oddities.mayKeySign?.(named, expected) ?? true)
  }

  /** Returns the issuer that an ID token must be from. A person stays who they are while the operator changes the list of tenants. */
  function issuerIn(claims: Members, server: ProviderMetadata, ofPerson = server.issuer): string {
    try {
      return oddities.issuerOf?.(claims) ?? server.issuer
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'unsuitable') return ofPerson
      throw error
    }
  }

  /** Reads what a verified ID token says about the role. Without an organization or an address that count, it says nothing. */
  function claimedIn(claims: Members): Claimed | undefined {
    const { iss, sub, email, org_id: id } = claims
    if (!oddities.identityOf) {
      return { roleMarks: roleMarks?.(claims), organizationId: typeof id === 'string' && id !== '' ? id : undefined }
    }
    const plain = { issuer: String(iss), sub: String(sub), ...(typeof email === 'string' && { email }) }
    try {
      return { roleMarks: roleMarks?.(claims), organizationId: oddities.identityOf(plain, claims).organization?.id }
    } catch (error) {
      // Providers leave claims out of later ID tokens.
      if (error instanceof ProviderError) return undefined
      throw error
    }
  }

  return {
    async refresh(kept, signal) {
      let answered = false
      try {
        const server = await metadata.read(signal)
        const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: kept.refreshToken })
        const delivered = await post(server, server.token_endpoint, body, signal)
        answered = true
        const answer = await readAnswer(delivered, parts, oddities.errorOf)
        if (answer.kind !== 'tokens' || answer.idToken === undefined) return answer
        const claims = claimsOf(answer.idToken)
        if (!claims || !(await isAbout(kept, answer.idToken, claims, server, signal))) return { kind: 'foreign' }
        return { ...answer, claimed: claimedIn(claims) }
      } catch (error) {
        const reason = error instanceof ProviderError ? error.message : 'the provider did not answer'
        // The provider may have replaced the token in an answer that could not be checked.
        return { kind: 'failed', reason, doubtful: answered || !(error instanceof ProviderError) }
      }
    },

    async revoke({ refreshToken: token }, signal) {
      const server = await metadata.read(signal)
      const place = (oddities.discovery ?? issuer.href).replace(/\/$/, '')
      const url = `${place}/.well-known/openid-configuration`
      const { revocation_endpoint: endpoint } = await readDocument('metadata', url, signal)
      const protocol = typeof endpoint === 'string' ? URL.parse(endpoint)?.protocol : undefined
      if (typeof endpoint !== 'string' || (protocol !== 'https:' && protocol !== issuer.protocol)) return
      await post(server, endpoint, new URLSearchParams({ token, token_type_hint: 'refresh_token' }), signal)
    },
  }
}

type Members = Readonly<Record<string, unknown>>

/** Google writes its issuer with or without a scheme. */
const bare = (issuer: string) => issuer.replace(/^https:\/\//, '')

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
  errorOf: NonNullable<Oddities['errorOf']> = String,
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
    const description = isObject(answer) && typeof answer.error_description === 'string' ? answer.error_description : ''
    const word = errorOf(error, description)
    const reason = `the token endpoint answered ${status} ${loggedCode(word)}`
    // Entra ID says by a number in the description what is meant. A person who must prove more is still there.
    const isRefusal =
      word === 'invalid_grant' ||
      tokenMeaningOf(word) === 'access_denied' ||
      (error === 'invalid_grant' && word === 'consent_required')
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
