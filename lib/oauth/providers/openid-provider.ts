import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import { type Identity, type Login, type Provider, ProviderError, providerId } from './provider.ts'
import { ask, isObject } from './provider-http.ts'
import { createProviderKeys } from './provider-keys.ts'
import { createMetadataReader, type ProviderMetadata } from './provider-metadata.ts'
import { isRefusal, loggedCode, meaningOf } from './provider-words.ts'
import { idTokenOf } from './token-answer.ts'

export interface OpenIdProviderOptions {
  readonly issuer: string
  readonly clientId: string
  /** Without it we are a public client, held together by PKCE (F-000-32). */
  readonly clientSecret?: string | undefined
  /** Our callback, exactly as registered at the provider (F-10). */
  readonly redirectUri: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The least that tells who someone is; no `offline_access`, no API audience (F-09). */
const scope = 'openid profile email'

/** At most 64 characters that can be seen; empty means that there is none. */
const short = v.pipe(
  v.string(),
  v.transform((text) => [...text.replace(/\p{C}/gu, '').trim()].slice(0, 64).join('') || undefined),
)

/** No longer than a mailbox can be (RFC 5321 §4.5.3.1.3), and nothing in it that cannot be seen: a person is to know it. */
const emailAddress = v.pipe(v.string(), v.regex(/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u), v.maxBytes(254))

/** Some providers write booleans as text (Apple, Cognito): these two strings, and no other value, stand for them. */
const booleanOrItsText = v.union([
  v.boolean(),
  v.pipe(
    v.picklist(['true', 'false']),
    v.transform((text) => text === 'true'),
  ),
])

/** Claims of the ID token that we read; the token itself has been validated. What is odd about a person counts as none. */
const Claims = v.object({
  // Half a surrogate pair would be hashed like any other half, and two people be one.
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
})

/** An OpenID Provider found by discovery: Auth0, or any other. */
export function createOpenIdProvider(options: OpenIdProviderOptions): Provider {
  const metadata = createMetadataReader(new URL(options.issuer), options.now)
  const keys = createProviderKeys(metadata, options.now)
  const client: oauth.Client = { client_id: options.clientId, id_token_signed_response_alg: 'RS256' }

  /**
   * Sends the code to the provider's token endpoint; if that fails, and the provider has moved, to where it is now. If it
   * is us that the endpoint does not let in, and the provider now wants something else of us, another code is for that.
   */
  async function redeem(server: ProviderMetadata, code: string, login: Login, signal: AbortSignal): Promise<string> {
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
      return idTokenOf(await ask({ url, headers, body }, signal))
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

    async authorizationUrl(login, prompt, signal) {
      const { authorization_endpoint } = await metadata.read(signal)
      const url = new URL(authorization_endpoint)
      const parameters = {
        response_type: 'code',
        client_id: options.clientId,
        redirect_uri: options.redirectUri,
        scope,
        state: login.state,
        nonce: login.nonce,
        code_challenge: sha256(login.codeVerifier),
        code_challenge_method: 'S256',
        ...(prompt === undefined ? {} : { prompt }),
      }
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return url
    },

    async identify(answer, login, signal) {
      const server = await metadata.read(signal)
      const code = codeOf(server, client, answer, login)
      await keys.ready(server, signal)
      const idToken = await redeem(server, code, login, signal)
      const claims = await validatedClaims(server, client, idToken, login)
      if (!(await keys.haveSigned(idToken, signal))) {
        throw new ProviderError('invalid', 'no key of the provider has signed the ID token')
      }
      return identityOf(server.issuer, claims)
    },
  }
}

/**
 * Post where the metadata name it, as before there was a choice; Basic where they are silent (RFC 8414 §2). One method for
 * each code: once it has been sent there is no second try with another. Throws `ProviderError`.
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
 * Both parts form-encoded (RFC 6749 §2.3.1), and no more than that asks for: the library encodes `-` and `_` as well, and
 * a provider that decodes nothing then knows no client id that is a UUID.
 */
function clientSecretBasic(secret: string): oauth.ClientAuth {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return (_server, { client_id }, _body, headers) =>
    headers.set('authorization', `Basic ${btoa(`${encoded(client_id)}:${encoded(secret)}`)}`)
}

/** The provider's code, of an authorization response that is one. Throws `ProviderError`. */
function codeOf(server: ProviderMetadata, client: oauth.Client, answer: URLSearchParams, login: Login): string {
  try {
    const codes = oauth.validateAuthResponse(forLibrary(server), client, answer, login.state).getAll('code')
    const [code = ''] = codes
    if (codes.length === 1 && code !== '') return code
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) throw notAcceptable('authorization response', error)
    const meaning = meaningOf(error.error)
    const kind = meaning === 'misconfigured' ? 'misconfigured' : 'refused'
    const reason = isRefusal(meaning) ? 'the provider refused' : 'the provider could not sign the person in'
    throw new ProviderError(kind, reason, { code: loggedCode(error.error), cause: error })
  }
  throw new ProviderError('invalid', 'the authorization response has not exactly one code')
}

const asymmetric = /^(?:RS|PS|ES)(?:256|384|512)$|^Ed(?:DSA|25519|448)$|^ES256K$|^ML-DSA-\d\d$/

/** The claims whose values decide whether the token is meant for us, now. */
const decisive = ['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce']

/**
 * The claims of an ID token that is meant for us (OpenID Connect Core §3.1.3.7); its signature is not checked here. The
 * library is shown the decisive claims as they are, since it also refuses tokens for claims that nobody reads.
 */
async function validatedClaims(
  server: ProviderMetadata,
  client: oauth.Client,
  idToken: string,
  login: Login,
): Promise<unknown> {
  const parts = idToken.split('.')
  const [header = '', payload = '', signature = ''] = parts
  const [protectedHeader, claims] = [jsonPart(header), jsonPart(payload)]
  if (parts.length !== 3 || !protectedHeader || !claims) throw new ProviderError('invalid', 'the ID token is not a JWT')
  const { alg } = protectedHeader
  if (typeof alg === 'string' && alg !== 'RS256' && asymmetric.test(alg)) {
    throw new ProviderError('misconfigured', 'the provider signs ID tokens by another algorithm than RS256', {
      code: 'unsupported_algorithm',
    })
  }
  const shown = Object.fromEntries(decisive.filter((name) => Object.hasOwn(claims, name)).map((n) => [n, claims[n]]))
  const answer = {
    access_token: 'unused',
    token_type: 'bearer',
    id_token: `${header}.${Buffer.from(JSON.stringify(shown)).toString('base64url')}.${signature}`,
  }
  try {
    await oauth.processAuthorizationCodeResponse(forLibrary(server), client, Response.json(answer), {
      expectedNonce: login.nonce,
      requireIdToken: true,
    })
  } catch (error) {
    throw notAcceptable('ID token', error)
  }
  return claims
}

/** Of a JWT: a JSON object in UTF-8. Bytes that are not would all be read as the same character. */
function jsonPart(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** A copy each time: the library keeps what it knows of a server by the identity of this object. */
function forLibrary(server: ProviderMetadata): oauth.AuthorizationServer {
  const { issuer, authorization_response_iss_parameter_supported: promisesIss = false } = server
  return { issuer, authorization_response_iss_parameter_supported: promisesIss }
}

function identityOf(issuer: string, claims: unknown): Identity {
  const parsed = v.safeParse(Claims, claims)
  if (!parsed.success) throw new ProviderError('invalid', 'the ID token has claims of an unexpected form')
  const { sub, email, email_verified, org_id, org_name } = parsed.output
  return {
    issuer,
    sub,
    ...(email === undefined ? {} : { email }),
    ...(email_verified === undefined ? {} : { emailVerified: email_verified }),
    ...(org_id === undefined && org_name === undefined
      ? {}
      : {
          organization: {
            ...(org_id === undefined ? {} : { id: org_id }),
            ...(org_name === undefined ? {} : { name: org_name }),
          },
        }),
  }
}

/** The library's words are fixed; those of anything else may quote what the provider sent. */
function notAcceptable(what: string, error: unknown): ProviderError {
  const fixed = [oauth.OperationProcessingError, oauth.UnsupportedOperationError]
  const reason =
    error instanceof Error ? (fixed.some((kind) => error instanceof kind) ? error.message : error.name) : ''
  return new ProviderError('invalid', `the provider's ${what} is not acceptable: ${reason}`, { cause: error })
}
