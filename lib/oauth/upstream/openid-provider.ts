import * as oauth from 'oauth4webapi'
import * as v from 'valibot'
import { type Identity, type Upstream, UpstreamError } from './upstream.ts'

export interface OpenIdProviderOptions {
  readonly issuer: string
  readonly clientId: string
  /** Without it we are a public client, held together by PKCE (F-000-32). */
  readonly clientSecret?: string
  /** Our callback, exactly as registered at the provider (F-10). */
  readonly redirectUri: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The least that tells who someone is; no `offline_access`, no API audience (F-09). */
const scope = 'openid profile email'

/** Milliseconds for which the provider's metadata are kept. */
const discoveryLifetime = 3_600_000
/** Seconds for which its keys are kept: fewer than the 300 after which the library reads them again by itself. */
const keysLifetime = 240
/** Bytes of an answer of the provider. */
const maxAnswer = 512 * 1024
const Jwks = v.object({ keys: v.array(v.looseObject({ kty: v.string() })) })

/** With what we need of it. */
type Metadata = oauth.AuthorizationServer &
  Readonly<Record<'authorization_endpoint' | 'token_endpoint' | 'jwks_uri', string>>

/** At most 64 characters that can be seen; empty means that there is none. */
const short = v.pipe(
  v.string(),
  v.transform((text) => [...text.replace(/\p{C}/gu, '').trim()].slice(0, 64).join('') || undefined),
)

/** No longer than a mailbox can be (RFC 5321 §4.5.3.1.3), and nothing in it that cannot be seen: a person is to know it. */
const emailAddress = v.pipe(v.string(), v.regex(/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u), v.maxBytes(254))

/** Claims of the ID token that we read; the library has validated the token itself. An odd address counts as none. */
const Claims = v.object({
  sub: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  email: v.fallback(v.optional(emailAddress), undefined),
  email_verified: v.fallback(v.optional(v.boolean()), undefined),
  org_id: v.fallback(v.optional(short), undefined),
  org_name: v.fallback(v.optional(short), undefined),
})

/** An OpenID Provider found by discovery: Auth0, or any other. */
export function createOpenIdProvider(options: OpenIdProviderOptions): Upstream {
  const issuer = new URL(options.issuer)
  const client: oauth.Client = { client_id: options.clientId, id_token_signed_response_alg: 'RS256' }
  const authentication =
    options.clientSecret === undefined ? oauth.None() : oauth.ClientSecretPost(options.clientSecret)
  const http = (signal: AbortSignal) => ({
    signal,
    [oauth.customFetch]: fetchWithOneRetry,
    // Configuration admits http on loopback only.
    [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
  })
  let discovered: { server: Metadata; at: number } | undefined
  let keys: oauth.JWKSCacheInput = {}

  /** Keeps only what is usable: what is not may be so for a moment. */
  async function discover(signal: AbortSignal): Promise<Metadata> {
    if (discovered && options.now() - discovered.at < discoveryLifetime) return discovered.server
    const response = await oauth.discoveryRequest(issuer, { ...http(signal), algorithm: 'oidc' })
    const server = await oauth.processDiscoveryResponse(issuer, response)
    const { authorization_endpoint, token_endpoint, jwks_uri } = server
    if (!isEndpoint(authorization_endpoint) || !isEndpoint(token_endpoint) || !isEndpoint(jwks_uri)) {
      throw new UpstreamError('invalid', 'an endpoint is missing')
    }
    const metadata = { ...server, authorization_endpoint, token_endpoint, jwks_uri }
    discovered = { server: metadata, at: options.now() }
    return metadata
  }

  const isEndpoint = (url: unknown): url is string =>
    typeof url === 'string' && ['https:', issuer.protocol].includes(URL.parse(url)?.protocol ?? '')

  async function loadKeys({ jwks_uri }: Metadata, signal: AbortSignal): Promise<void> {
    const seconds = Math.floor(options.now() / 1000)
    if ('uat' in keys && seconds - keys.uat < keysLifetime) return
    const response = await fetchWithOneRetry(jwks_uri, {
      body: undefined,
      headers: { accept: 'application/json' },
      method: 'GET',
      redirect: 'manual',
      signal,
    })
    if (response.status !== 200) throw new UpstreamError('invalid', `status ${response.status}`)
    const jwks = v.safeParse(Jwks, await response.json().catch(() => undefined))
    if (!jwks.success) throw new UpstreamError('invalid', 'not a key set')
    keys = { jwks: jwks.output, uat: seconds }
  }

  /**
   * The library checks the signature only when asked (F-05), and does not look for new keys within a minute: a key made
   * since then is found by forgetting the old ones.
   */
  async function verifySignature(server: oauth.AuthorizationServer, response: Response, signal: AbortSignal) {
    // A copy each time: the library keeps keys by the identity of this object, beside those that it is given.
    const verify = () =>
      oauth.validateApplicationLevelSignature({ ...server }, response, { ...http(signal), [oauth.jwksCache]: keys })
    try {
      await verify()
    } catch (error) {
      if (!(error instanceof oauth.OperationProcessingError) || error.code !== oauth.KEY_SELECTION) throw error
      keys = {}
      await verify()
    }
  }

  return {
    authorizationUrl: (login, prompt, signal) =>
      explained(async () => {
        const { authorization_endpoint } = await unspent('metadata', () => discover(signal))
        const url = new URL(authorization_endpoint)
        const parameters = {
          response_type: 'code',
          client_id: options.clientId,
          redirect_uri: options.redirectUri,
          scope,
          state: login.state,
          nonce: login.nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(login.codeVerifier),
          code_challenge_method: 'S256',
          ...(prompt === undefined ? {} : { prompt }),
        }
        for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
        return url
      }),

    identify: (answer, login, signal) =>
      explained(async () => {
        const server = await unspent('metadata', () => discover(signal))
        const parameters = oauth.validateAuthResponse(server, client, answer, login.state)
        await unspent('keys', () => loadKeys(server, signal))
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          parameters,
          options.redirectUri,
          login.codeVerifier,
          http(signal),
        )
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: login.nonce,
          requireIdToken: true,
        })
        await verifySignature(server, response, signal)
        return identityOf(server.issuer, oauth.getValidatedIdTokenClaims(tokens))
      }),
  }
}

function identityOf(issuer: string, claims: unknown): Identity {
  const parsed = v.safeParse(Claims, claims)
  if (!parsed.success) throw new UpstreamError('invalid', 'the ID token has claims of an unexpected form')
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

/** A passing fault is answered by asking once more (F-13); the caller's deadline covers both attempts. */
async function fetchWithOneRetry(
  url: string,
  init: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
): Promise<Response> {
  const attempt = async () => {
    const { body, signal, ...rest } = init
    const response = await fetch(url, { ...rest, body: body ?? null, signal: signal ?? null })
    if (response.status !== 429 && response.status < 500) return await whole(response)
    await response.body?.cancel()
    throw new UpstreamError('transient', `the provider answered ${response.status}`)
  }
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof UpstreamError && error.kind === 'invalid') throw error
    if (init.signal?.aborted)
      throw new UpstreamError('transient', 'the provider did not answer in time', { cause: error })
  }
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof UpstreamError) throw error
    throw new UpstreamError('transient', 'the provider cannot be reached', { cause: error })
  }
}

/** With all of its body, so that one that breaks off, or takes too long, is a passing fault as well. */
async function whole({ body, status, headers }: Response): Promise<Response> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.byteLength
    if (length > maxAnswer) throw new UpstreamError('invalid', "the provider's answer is too large")
    chunks.push(chunk)
  }
  return new Response(length === 0 ? null : Buffer.concat(chunks), { status, headers })
}

/** Codes as OAuth and OpenID Connect have them; whatever else somebody wrote there stays out of the log. */
const errorCode = (code: string) => (/^[a-z_]{1,64}$/.test(code) ? code : 'other')

/** Every failure leaves as an `UpstreamError`; the messages are for the log. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UpstreamError) throw error
    if (error instanceof oauth.AuthorizationResponseError) {
      throw new UpstreamError('refused', 'the provider refused', { code: errorCode(error.error), cause: error })
    }
    if (error instanceof oauth.ResponseBodyError) {
      throw new UpstreamError('invalid', `the provider's token endpoint answered ${errorCode(error.error)}`, {
        cause: error,
      })
    }
    throw new UpstreamError('invalid', `the provider's answer is not acceptable: ${reasonOf(error)}`, { cause: error })
  }
}

/** Before the provider's code is spent: whoever meets a fault here loads the page again, and loses nothing (F-13). */
async function unspent<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new UpstreamError('transient', `the provider's ${what}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The library's words and ours are fixed; those of anything else may quote what the provider sent. */
function reasonOf(error: unknown): string {
  const fixed = [UpstreamError, oauth.OperationProcessingError, oauth.UnsupportedOperationError]
  if (!(error instanceof Error)) return 'unknown'
  return fixed.some((kind) => error instanceof kind) ? error.message : error.name
}
