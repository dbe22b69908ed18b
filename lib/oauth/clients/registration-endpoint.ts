import type { Call } from '../../base/call.ts'
import { withDeadline } from '../../base/deadline.ts'
import type { Log } from '../../base/log.ts'
import type { OverallLimit, RateLimit } from '../../base/rate-limit.ts'
import { sha256 } from '../../base/sha256.ts'
import { OAuthError } from '../errors.ts'
import { isDoctor } from '../http/doctor-mark.ts'
import { json, tooManyRequests } from '../http/json-answers.ts'
import { limitSubjectOf } from '../http/limit-subject.ts'
import { isOneOf, shownToken } from '../http/operator-token.ts'
import { readText } from '../http/parameters.ts'
import type { FlowCall } from '../trail.ts'
import type { Registrations } from './registration.ts'

export interface RegistrationOptions {
  readonly registrations: Registrations
  /** Limits the registrations of one address. If absent, there is no limit. */
  readonly limit?: RateLimit
  /** Limits all registrations together. If absent, there is no limit. */
  readonly overallLimit?: OverallLimit
  /** Limits the registrations of a check of this deployment, which count as none of the others (N33). */
  readonly doctors?: RateLimit
  /** The initial access token (RFC 7591 §3) that registration requires. If absent, any client can register. */
  readonly initialAccessToken?: {
    readonly value: string
    /** Limits the tokens that one address may send. */
    readonly limit: RateLimit
  }
  readonly log: Log
}

export type RegistrationCall = Pick<Call, 'signal' | 'address' | 'waitUntil'> & Partial<Pick<FlowCall, 'trail'>>

/** The limits that a registration counts toward. */
interface Limits {
  readonly limit?: RateLimit | undefined
  readonly overallLimit?: OverallLimit | undefined
}

/** Milliseconds for the count after the answer. */
const countingTimeout = 5_000

/** Bytes; R-12. */
const maxBytes = 16_384

/**
 * `POST /oauth/register` (RFC 7591 §3). Stores nothing: the client_id itself contains the registration. Only a registration
 * that would succeed is counted, so that refused metadata costs no store operation. Throws `OAuthError`.
 */
export async function register(
  request: Request,
  options: RegistrationOptions,
  call: RegistrationCall,
): Promise<Response> {
  const { registrations, initialAccessToken, log } = options
  const doctor = isDoctor(request) || undefined
  const { limit, overallLimit }: Limits = doctor ? { limit: options.doctors } : options
  call.trail?.at('registration')
  const refusal = initialAccessToken && (await refuseStranger(request, initialAccessToken, log, call))
  if (refusal) return refusal
  const registered = await registrations.register(await readJson(request))
  if ('error' in registered) throw new OAuthError(registered.error, registered.description)
  const { address } = call
  const overall = address === undefined ? undefined : overallLimit?.known(address)
  const limited = overall?.limited
    ? tooManyRequests(overall.retryAfter)
    : await overLimit(limit, call, limitSubjectOf(request))
  if (limited) {
    log('registration_refused', { reason: overall?.limited ? 'limit of all' : 'limit' })
    return limited
  }
  if (overallLimit && address !== undefined) {
    call.waitUntil(withDeadline(countingTimeout, (signal) => overallLimit.count(address, signal)))
  }
  const clientHash = sha256(registered.client_id)
  log('client_registered', { client: clientHash, doctor })
  call.trail?.learn({ clientHash })
  call.trail?.record('registration', 'ok')
  return json(registered, 201)
}

/** Refuses a request without the initial access token. The challenge names an error only if a token was sent (RFC 6750 §3). */
async function refuseStranger(
  request: Request,
  { value, limit }: NonNullable<RegistrationOptions['initialAccessToken']>,
  log: Log,
  call: RegistrationCall,
): Promise<Response | undefined> {
  const shown = shownToken(request)
  // A right token counts like a wrong one: past the limit, the answer must not tell them apart (O-11).
  const limited = shown === undefined ? undefined : await overLimit(limit, call, limitSubjectOf(request))
  if (!limited && shown !== undefined && isOneOf([value], shown)) return undefined
  log('registration_refused', {
    reason: limited ? 'too many tokens' : shown === undefined ? 'no token' : 'wrong token',
  })
  return (
    limited ??
    json({ error: 'invalid_token', error_description: 'registration requires a token from the operator' }, 401, {
      'www-authenticate': `Bearer realm="registration"${shown === undefined ? '' : ', error="invalid_token"'}`,
    })
  )
}

async function overLimit(limit: RateLimit | undefined, { address, signal }: RegistrationCall, subject?: string) {
  const verdict = address === undefined ? undefined : await limit?.hit(address, signal, subject)
  return verdict?.limited ? tooManyRequests(verdict.retryAfter) : undefined
}

/** Reads the body as JSON. Any other body is `invalid_client_metadata`. */
async function readJson(request: Request): Promise<unknown> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new OAuthError('invalid_client_metadata', 'the content type must be application/json')
  }
  try {
    return JSON.parse(await readText(request, maxBytes))
  } catch (error) {
    throw new OAuthError(
      'invalid_client_metadata',
      error instanceof OAuthError ? error.description : 'the body is not JSON',
    )
  }
}
