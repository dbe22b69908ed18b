import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import { defined } from '../../base/defined.ts'
import { utf8 } from '../../base/json.ts'
import { sha256 } from '../../base/sha256.ts'
import type { UpstreamTokens } from '../vault/upstream.ts'
import { type Identity, type Login, type Provider, ProviderError, type ProviderPrompt, providerId } from './provider.ts'
import { ask, isSuccess, objectOf, readDocument } from './provider-http.ts'
import { createProviderKeys } from './provider-keys.ts'
import { createMetadataReader, type ProviderMetadata } from './provider-metadata.ts'
import { isGatewayStatus, tokenOf } from './token-answer.ts'

export interface OpenIdProviderOptions {
  readonly issuer: string
  readonly clientId: string
  /** If absent, this server is a public client, which PKCE protects (F-000-32). */
  readonly clientSecret?: string | undefined
  /** The URL of this server's callback, exactly as registered at the provider (F-10). */
  readonly redirectUri: string
  /** Reads what the claims of an ID token say about the user's role. If absent, nothing. */
  readonly roleMarks?: ((claims: unknown) => string[]) | undefined
  /** If absent, the least that tells who the user is. */
  readonly scope?: string | undefined
  /** Reads the tokens in the text of an answer. If absent, they are thrown away. */
  readonly tokensIn?: ((answer: string) => UpstreamTokens) | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** What this provider does in its own way. If absent, it keeps to the specifications. */
  readonly oddities?: Oddities
}

/** What a provider does in its own way. `presets/` has the oddities of known providers. */
export interface Oddities {
  /** If absent, `openid profile email`. */
  readonly scope?: string
  /** Further parameters of the authorization request. `undefined` removes one. */
  readonly parameters?: (prompt: ProviderPrompt | undefined) => Readonly<Record<string, string | undefined>>
  /** Where the metadata is, before `/.well-known/openid-configuration`. If absent, at the issuer. */
  readonly discovery?: string
  /** Returns the issuer that an ID token with these claims must be from. Throws `ProviderError`. */
  readonly issuerOf?: (claims: Claims) => string
  /** Whether a published key that names an issuer may sign for this one. */
  readonly mayKeySign?: (keyIssuer: string, issuer: string) => boolean
  /** Returns the standard code for an error of the provider. */
  readonly errorOf?: (code: string, description: string) => string
  /** Reads further claims of a validated ID token. Throws `ProviderError`. */
  readonly identityOf?: (identity: Identity, claims: Claims) => Identity
}

/** The claims of an ID token. */
export type Claims = Readonly<Record<string, unknown>>

/** The least that tells who the user is: no `offline_access`, no API audience (F-09). */
const scope = 'openid profile email'

/** At most 64 visible characters. An empty text counts as missing. */
const short = v.pipe(
  v.string(),
  v.transform((text) => [...text.replace(/\p{C}/gu, '').trim()].slice(0, 64).join('') || undefined),
)

/** No longer than a mailbox can be (RFC 5321 §4.5.3.1.3), and without invisible characters, so that the user recognizes it. */
const emailAddress = v.pipe(v.string(), v.regex(/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u), v.maxBytes(254))

/** Apple and Cognito write booleans as text. Only these two strings stand for them. */
const booleanOrItsText = v.union([
  v.boolean(),
  v.pipe(
    v.picklist(['true', 'false']),
    v.transform((text) => text === 'true'),
  ),
])

/** The claims that are read from a validated ID token. Malformed claims about the user count as missing. */
const KnownClaims = v.object({
  // All lone surrogates hash alike, so two users with such ids would become one.
  sub: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(255),
    v.check((text) => text.isWellFormed()),
  ),
  email: v.fallback(v.optional(emailAddress), undefined),
  email_verified: v.fallback(v.optional(booleanOrItsText), undefined),
  org_id: v.fallback(v.optional(short), undefined),
  org_name: v.fallback(v.optional(short), undefined),
  sid: v.fallback(v.optional(v.string()), undefined),
  auth_time: v.fallback(v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))), undefined),
})

/** An answer of the token endpoint to a code. */
interface Redeemed {
  readonly idToken: string
  readonly answer: Awaited<ReturnType<typeof ask>>
}

/** Makes a provider that is found by OpenID Connect Discovery, such as Auth0. */
export function createOpenIdProvider(options: OpenIdProviderOptions): Provider {
  const { oddities = {} } = options
  const metadata = createMetadataReader(new URL(options.issuer), options.now, oddities.discovery)
  const keys = createProviderKeys(metadata, options.now)
  const client: oauth.Client = { client_id: options.clientId, id_token_signed_response_alg: 'RS256' }

  /**
   * Sends the code to the provider's token endpoint. If that fails and newer metadata names another endpoint, sends the code
   * there. If the endpoint refuses this server as a client and newer metadata changes how it must authenticate, the code counts
   * as spent, and the next code uses the newer metadata.
   */
  async function redeem(server: ProviderMetadata, code: string, login: Login, signal: AbortSignal): Promise<Redeemed> {
    const send = async ({ token_endpoint: url }: ProviderMetadata) => {
      const authenticate = clientAuthentication(server, options.clientSecret)
      const body = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: options.redirectUri,
        code_verifier: login.codeVerifier,
      })
      const headers = new Headers({ accept: 'application/json' })
      await authenticate(forLibrary(server), client, body, headers)
      const answer = await ask({ url, headers, body }, signal)
      return { idToken: await tokenOf('id_token', answer, oddities.errorOf), answer }
    }
    try {
      return await send(server)
    } catch (error) {
      if (!(error instanceof ProviderError) || !['passing', 'misconfigured'].includes(error.kind)) throw error
      const moved = await metadata.readAgain(server, signal)
      if (!moved) throw error
      if (error.kind === 'misconfigured') {
        throw new ProviderError('spent', `${error.message}, by older metadata`, { code: error.code, cause: error })
      }
      if (moved.token_endpoint === server.token_endpoint) throw error
      return send(moved)
    }
  }

  return {
    id: providerId(options),

    async authorizationUrl(login, prompt, signal, maxAge) {
      const { authorization_endpoint } = await metadata.read(signal)
      const url = new URL(authorization_endpoint)
      const parameters = {
        response_type: 'code',
        client_id: options.clientId,
        redirect_uri: options.redirectUri,
        scope: options.scope ?? oddities.scope ?? scope,
        state: login.state,
        nonce: login.nonce,
        code_challenge: sha256(login.codeVerifier),
        code_challenge_method: 'S256',
        prompt,
        max_age: maxAge?.toString(),
        ...oddities.parameters?.(prompt),
      }
      for (const [name, value] of Object.entries(defined(parameters))) url.searchParams.set(name, value)
      return url
    },

    async identify(answer, login, signal) {
      const server = await metadata.read(signal)
      const code = await codeOf(server, client, answer, login, oddities)
      await keys.ready(server, signal)
      const { idToken, answer: answered } = await redeem(server, code, login, signal)
      const [issuer, claims] = await validatedClaims(server, client, idToken, login, oddities)
      const maySign = (named: string) => oddities.mayKeySign?.(named, issuer) ?? true
      if (!(await keys.haveSigned(idToken, signal, maySign))) {
        throw new ProviderError('invalid', 'no key of the provider has signed the ID token')
      }
      const plain = identityOf(issuer, claims, options.roleMarks)
      const identity = oddities.identityOf?.(plain, claims) ?? plain
      const { delivery } = answered
      if (!options.tokensIn || delivery.kind !== 'answered') return identity
      return { ...identity, tokens: options.tokensIn(delivery.text) }
    },
  }
}

/**
 * Chooses `client_secret_post` if the metadata names it, and otherwise `client_secret_basic`, which is also the default for silent
 * metadata (RFC 8414 §2). Each code is sent with one method only. Throws `ProviderError`.
 */
function clientAuthentication(server: ProviderMetadata, secret: string | undefined): oauth.ClientAuth {
  if (secret === undefined) return oauth.None()
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  if (methods.includes('client_secret_post')) return oauth.ClientSecretPost(secret)
  if (methods.includes('client_secret_basic')) return clientSecretBasic(secret)
  throw new ProviderError('misconfigured', 'the token endpoint takes no client secret', {
    code: 'unsupported_client_authentication',
  })
}

/**
 * Form-encodes client id and secret (RFC 6749 §2.3.1) and nothing more. The library also encodes `-` and `_`, and a provider that
 * decodes nothing would then not find a client id that is a UUID.
 */
function clientSecretBasic(secret: string): oauth.ClientAuth {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return (_server, { client_id }, _body, headers) =>
    headers.set('authorization', `Basic ${btoa(`${encoded(client_id)}:${encoded(secret)}`)}`)
}

/** Returns the provider's code from a valid authorization response. Throws `ProviderError`. */
async function codeOf(
  server: ProviderMetadata,
  client: oauth.Client,
  answer: URLSearchParams,
  login: Login,
  { errorOf = String }: Oddities,
): Promise<string> {
  try {
    const codes = oauth.validateAuthResponse(forLibrary(server), client, answer, login.state).getAll('code')
    const [code = ''] = codes
    if (codes.length === 1 && code !== '') return code
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) throw notAcceptable('authorization response', error)
    const { isRefusal, loggedCode, meaningOf } = await import('./provider-words.ts')
    const word = errorOf(error.error, error.error_description ?? '')
    const meaning = meaningOf(word)
    const kind = meaning === 'misconfigured' ? 'misconfigured' : 'refused'
    const reason = isRefusal(meaning) ? 'the provider refused' : 'the provider could not sign the user in'
    throw new ProviderError(kind, reason, { code: loggedCode(word), cause: error })
  }
  throw new ProviderError('invalid', 'the authorization response must have exactly one code')
}

const asymmetric = /^(?:RS|PS|ES)(?:256|384|512)$|^Ed(?:DSA|25519|448)$|^ES256K$|^ML-DSA-\d\d$/

/** The claims that decide whether the token is valid for this client now. */
const decisive = ['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce']

/**
 * Validates an ID token, except for its signature (OpenID Connect Core §3.1.3.7), and returns its issuer and its claims. The library gets only the
 * decisive claims, because it also refuses tokens for claims that this server never reads. Throws `ProviderError`.
 */
async function validatedClaims(
  server: ProviderMetadata,
  client: oauth.Client,
  idToken: string,
  login: Login,
  oddities: Oddities,
): Promise<readonly [issuer: string, Claims]> {
  const parts = idToken.split('.')
  const [header = '', payload = '', signature = ''] = parts
  const [protectedHeader, claims] = [jsonPart(header), jsonPart(payload)]
  if (parts.length !== 3 || !protectedHeader || !claims) throw new ProviderError('invalid', 'the ID token is not a JWT')
  const { alg } = protectedHeader
  if (typeof alg === 'string' && alg !== 'RS256' && asymmetric.test(alg)) {
    throw new ProviderError('misconfigured', 'the provider signs ID tokens with another algorithm than RS256', {
      code: 'unsupported_algorithm',
    })
  }
  const shown = Object.fromEntries(decisive.filter((name) => Object.hasOwn(claims, name)).map((n) => [n, claims[n]]))
  const answer = {
    access_token: 'unused',
    token_type: 'bearer',
    id_token: `${header}.${Buffer.from(JSON.stringify(shown)).toString('base64url')}.${signature}`,
  }
  const issuer = oddities.issuerOf?.(claims) ?? server.issuer
  try {
    await oauth.processAuthorizationCodeResponse(forLibrary({ ...server, issuer }), client, Response.json(answer), {
      expectedNonce: login.nonce,
      requireIdToken: true,
    })
  } catch (error) {
    throw notAcceptable('ID token', error)
  }
  return [issuer, claims]
}

/** Reads a part of a JWT: a JSON object in strict UTF-8. */
const jsonPart = (part: string) => objectOf(utf8(Buffer.from(part, 'base64url')) ?? '')

/** Returns a new object for each call, because the library caches what it knows of a server by object identity. */
function forLibrary(server: ProviderMetadata): oauth.AuthorizationServer {
  const { issuer, authorization_response_iss_parameter_supported: promisesIss = false } = server
  return { issuer, authorization_response_iss_parameter_supported: promisesIss }
}

function identityOf(issuer: string, claims: Claims, roleMarks: OpenIdProviderOptions['roleMarks']): Identity {
  const parsed = v.safeParse(KnownClaims, claims)
  if (!parsed.success) throw new ProviderError('invalid', 'the ID token has claims of an unexpected form')
  const { sub, email, email_verified, org_id, org_name, auth_time, sid } = parsed.output
  const organization = defined({ id: org_id, name: org_name })
  return {
    issuer,
    sub,
    ...defined({
      email,
      emailVerified: email_verified,
      signedInAt: auth_time,
      roleMarks: roleMarks?.(claims),
      sessionId: sid,
      organization: Object.keys(organization).length > 0 ? organization : undefined,
    }),
  }
}

/** Makes the error for a refused answer. Only the library's own messages are fixed text; other messages may quote the provider. */
function notAcceptable(what: string, error: unknown): ProviderError {
  const fixed = [oauth.OperationProcessingError, oauth.UnsupportedOperationError]
  const reason =
    error instanceof Error ? (fixed.some((kind) => error instanceof kind) ? error.message : error.name) : ''
  return new ProviderError('invalid', `the provider's ${what} is not acceptable: ${reason}`, { cause: error })
}

/** What the vault needs of this file and its neighbors. It takes them from here, so that they stay in one file of the function. */
export const forVault = {
  ask,
  clientAuthentication,
  createMetadataReader,
  createProviderKeys,
  forLibrary,
  isGatewayStatus,
  isSuccess,
  objectOf,
  readDocument,
}
export type ForVault = typeof forVault
