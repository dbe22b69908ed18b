import { readBody } from '../../base/body.ts'
import type { Call } from '../../base/call.ts'
import { isObject, parseJson, utf8 } from '../../base/json.ts'
import type { Log } from '../../base/log.ts'
import type { RateLimitCount } from '../../base/rate-limit.ts'
import { jsonResponse } from '../../base/well-formed.ts'
import { isOurFault, retryAfter } from '../http/json-answers.ts'
import { shownToken } from '../http/operator-token.ts'
import { ProviderError } from '../providers/provider.ts'
import type { VerifyToken } from './issuer.ts'
import { type Reached, type Revoker, reachedBy, revokerOfToken } from './revoker.ts'
import { type SignedClaims, TokenRefused } from './signed-token.ts'
import { subjectIdentifierOf } from './subject-identifier.ts'
import type { UsedTokens } from './used-tokens.ts'

/** The `typ` of the JWT with which Okta proves who it is. */
export const revocationType = 'global-token-revocation+jwt'

export interface GlobalRevocationOptions {
  readonly revokers: readonly Revoker[]
  /** Verify the JWTs of the services that sign their requests. */
  readonly verifiers: ReadonlyMap<Revoker, VerifyToken>
  readonly use: UsedTokens
  /** Counts the requests of a service, by its name. */
  readonly limit: (name: string, signal: AbortSignal) => Promise<RateLimitCount | null>
  /**
   * Ends everything of these people that began before `at` (milliseconds), known or not: someone in the middle of a first sign-in is
   * not known yet. Repeating it changes nothing. Throws `StoreUnavailable`.
   */
  readonly end: (reached: Reached, by: Revoker, at: number, signal: AbortSignal) => Promise<{ readonly grants: number }>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** An answer other than 204. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, description: string, headers: Readonly<Record<string, string>> = {}) {
    super(description)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Bytes of a body. */
const longest = 4_096

/**
 * Makes the endpoint at which a provider, or a security tool, ends everything of a person (Global Token Revocation, draft -05). A person
 * who is not known is answered like one who is (N4): the draft's 404 would tell a stolen credential who has an account.
 */
export function createGlobalRevocation(options: GlobalRevocationOptions) {
  const { revokers, verifiers, use, limit, end, now, log } = options

  /** Finds out who calls. Only one who signs has claims. Throws `Refused`, `TokenRefused` and `ProviderError`. */
  async function callerOf(
    request: Request,
    signal: AbortSignal,
  ): Promise<{ readonly revoker: Revoker; readonly claims?: SignedClaims }> {
    const token = shownToken(request)
    if (token === undefined) throw unauthenticated()
    const known = revokerOfToken(revokers, token)
    if (known) return { revoker: known }
    // Each of them looks at the issuer first, so that at most one asks for keys.
    const faults: TokenRefused[] = []
    for (const [revoker, verify] of verifiers) {
      try {
        return { revoker, claims: await verify(token, signal) }
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error
        faults.push(error)
      }
    }
    throw faults.find(({ fault }) => fault !== 'issuer') ?? faults[0] ?? unauthenticated('invalid_token')
  }

  async function revoke(request: Request, signal: AbortSignal): Promise<void> {
    if (request.method !== 'POST') throw new Refused(405, 'method_not_allowed', 'use POST', { allow: 'POST' })
    const { revoker, claims } = await callerOf(request, signal)
    const text = await readJsonText(request)
    const body = parseJson(text)
    const subject = isObject(body) ? subjectIdentifierOf(body) : null
    if (!subject) throw new Refused(400, 'invalid_request', 'sub_id must be in the format iss_sub, email or opaque')
    const reached = reachedBy(revoker, subject)
    if (!reached) {
      log('revocation_refused', { reason: 'out-of-reach', revoker: revoker.name, format: subject.format })
      throw new Refused(403, 'access_denied', 'this credential does not reach that person')
    }
    const count = await limit(revoker.name, signal)
    if (count?.limited) throw new Refused(429, 'temporarily_unavailable', 'too many', after(count.retryAfter))
    const used = claims && (await use(claims, text, signal))
    if (used?.done) return log('revocation_repeated', { revoker: revoker.name })
    const { grants } = await end(reached, revoker, used?.at ?? now(), signal)
    await used?.finish(signal)
    log('revocation_received', { revoker: revoker.name, format: subject.format, grants })
  }

  return async (request: Request, { signal }: Pick<Call, 'signal'>): Promise<Response> => {
    try {
      await revoke(request, signal)
      return new Response(null, { status: 204, headers: noStore })
    } catch (error) {
      const { status, code, message, headers } = refusalOf(error, log)
      return jsonResponse({ error: code, error_description: message }, { status, headers: { ...noStore, ...headers } })
    }
  }
}

/** Logs what the caller is not told. */
function refusalOf(error: unknown, log: Log): Refused {
  if (error instanceof Refused) {
    if (error.status === 401) log('revocation_refused', { reason: error.code })
    return error
  }
  if (error instanceof TokenRefused) {
    log('revocation_refused', { reason: error.fault })
    return unauthenticated('invalid_token')
  }
  log('revocation_failed', { reason: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' })
  return isOurFault(error) || error instanceof ProviderError
    ? new Refused(503, 'temporarily_unavailable', 'try again in a moment', after(retryAfter))
    : new Refused(500, 'server_error', 'something went wrong on our side')
}

/** RFC 6750 §3: a caller without a token learns the scheme only. */
function unauthenticated(code?: 'invalid_token'): Refused {
  const challenge = code === undefined ? 'Bearer' : `Bearer error="${code}"`
  return new Refused(401, code ?? 'invalid_request', 'a valid credential is required', {
    'www-authenticate': challenge,
  })
}

async function readJsonText(request: Request): Promise<string> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  const bytes = await readBody(request.body, longest)
  if (bytes === null) throw new Refused(413, 'invalid_request', 'the body is too long')
  const text = utf8(bytes)
  if (type !== 'application/json' || text === null) {
    throw new Refused(400, 'invalid_request', 'the body must be application/json')
  }
  return text
}

const after = (seconds: number) => ({ 'retry-after': String(seconds) })
const noStore = { 'cache-control': 'no-store' }
