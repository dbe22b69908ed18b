import type { Call } from '../../base/call.ts'
import type { Log } from '../../base/log.ts'
import type { GuessLimit } from '../../base/rate-limit.ts'
import { OAuthError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'
import { json, tooManyRequests } from '../http/json-answers.ts'
import { isOneOf, shownToken } from '../http/operator-token.ts'
import { readForm } from '../http/parameters.ts'
import type { AccessTokenClaims, OpenIssuedToken } from './issued-tokens.ts'

export interface IntrospectionOptions {
  /** Each of them opens the endpoint: one for each resource server. */
  readonly tokens: readonly string[]
  /** Of the wrong ones that an address shows; absent: none. */
  readonly limit?: GuessLimit
  readonly openToken: OpenIssuedToken
  readonly grants: Pick<Grants, 'read'>
  readonly log: Log
}

type IntrospectionCall = Pick<Call, 'signal' | 'address'>

/** RFC 7662 §2.2. */
type IntrospectionResponse = { readonly active: false } | ActiveToken

/** Everything but what says who the person is: a resource server that has to know it reads the token itself. */
interface ActiveToken extends Omit<AccessTokenClaims, 'grant'> {
  readonly active: true
  readonly token_type: 'Bearer'
}

/**
 * `POST /oauth/introspect` (RFC 7662; T-27), for resource servers that the operator has given a token. It says of an
 * access token whether it is good at this moment: the grant is read strongly. Throws `OAuthError` and `StoreUnavailable`.
 */
export async function introspect(
  request: Request,
  options: IntrospectionOptions,
  call: IntrospectionCall,
): Promise<Response> {
  const refusal = await refuseStranger(request, options, call)
  if (refusal) return refusal
  const shown = (await readForm(request)).get('token')
  if (shown === undefined) throw new OAuthError('invalid_request', 'token is missing')
  return json(await stateOf(shown, options, call.signal))
}

/**
 * A refresh token is never active here: it is for us alone, and a resource server that heard that it is good might take
 * it for an access token (RFC 7662 §2.2: "not allowed to introspect this particular token"; A13).
 */
async function stateOf(
  shown: string,
  { openToken, grants }: IntrospectionOptions,
  signal: AbortSignal,
): Promise<IntrospectionResponse> {
  const token = await openToken(shown, signal)
  if (token?.kind !== 'access') return { active: false }
  const grant = await grants.read(token.grant, signal)
  if (!grant || grant.record.revokedAt !== undefined) return { active: false }
  const { grant: _, ...claims } = token.claims
  return { active: true, token_type: 'Bearer', ...claims }
}

/**
 * Wrong tokens are counted, right ones never are: a resource server asks often, and must not be shut out by whoever shares
 * its address. Nobody guesses 32 random characters; the limit keeps down the noise (O-11).
 */
async function refuseStranger(
  request: Request,
  { tokens, limit, log }: IntrospectionOptions,
  { address, signal }: IntrospectionCall,
): Promise<Response | undefined> {
  const shown = shownToken(request)
  if (shown !== undefined && isOneOf(tokens, shown)) return undefined
  const known = address === undefined ? undefined : limit?.known(address)
  const counts = !known?.limited && address !== undefined && shown !== undefined
  const verdict = counts ? await limit?.hit(address, signal) : known
  if (verdict?.limited) {
    log('introspection_refused', { reason: 'too many tokens' })
    return tooManyRequests(verdict.retryAfter)
  }
  log('introspection_refused', { reason: shown === undefined ? 'no token' : 'wrong token' })
  return json({ error: 'invalid_token', error_description: 'introspection needs a token of the operator' }, 401, {
    'www-authenticate': `Bearer realm="introspection"${shown === undefined ? '' : ', error="invalid_token"'}`,
  })
}
