import type { Call } from '../../base/call.ts'
import type { Log } from '../../base/log.ts'
import type { GuessLimit } from '../../base/rate-limit.ts'
import type { StorelessGrants } from '../assertions/storeless-grant.ts'
import { OAuthError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'
import { json, tooManyRequests } from '../http/json-answers.ts'
import { isOneOf, shownToken } from '../http/operator-token.ts'
import { readForm } from '../http/parameters.ts'
import { withoutAdminScope } from '../scope-rules.ts'
import type { Scopes } from '../scopes.ts'
import type { OpenIssuedToken } from './issued-tokens.ts'

export interface IntrospectionOptions {
  /** The tokens that open the endpoint, one for each resource server. */
  readonly tokens: readonly string[]
  /** Limits the wrong tokens that one address may send. If absent, there is no limit. */
  readonly limit?: GuessLimit
  readonly scopes: Scopes
  readonly openToken: OpenIssuedToken
  readonly grants: Pick<Grants, 'read'>
  /** Knows whether a token that no stored grant stands behind is still good. */
  readonly storeless?: Pick<StorelessGrants, 'status'> | undefined
  readonly log: Log
}

type IntrospectionCall = Pick<Call, 'signal' | 'address'>

/**
 * Answers `POST /oauth/introspect` (RFC 7662; T-27): whether an access token is good at this moment. The caller is a resource
 * server with a token from the operator. The grant is read strongly. Throws `OAuthError` and `StoreUnavailable`.
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
 * Returns the state of a token (RFC 7662 §2.2): all claims except those that identify the user. A resource server that needs
 * those reads the token itself. A refresh token is never active here: only this server may accept it, and a resource server
 * might take it for an access token (RFC 7662 §2.2: "not allowed to introspect this particular token").
 */
async function stateOf(shown: string, options: IntrospectionOptions, signal: AbortSignal) {
  const { scopes, openToken, grants, storeless } = options
  const token = await openToken(shown, signal)
  if (token?.kind !== 'access') return { active: false }
  const status = await storeless?.status(token.grant, signal)
  const grant = status ? null : await grants.read(token.grant, signal)
  const isLive = status ? status === 'live' : grant !== null && grant.record.revokedAt === undefined
  if (!isLive) return { active: false }
  const { grant: _, ...claims } = token.claims
  // It opens tools of this service only, and a role of today cannot be told from the claims.
  const scope = withoutAdminScope(claims.scope, scopes)
  return { active: true, token_type: claims.cnf ? 'DPoP' : 'Bearer', ...claims, scope }
}

/** Returns the password in `Authorization: Basic …`, which resource servers send that know clients only. The user name does not matter. */
function passwordOf(request: Request): string | undefined {
  const [, pair = ''] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  // RFC 6749 §2.3.1: both parts are form-encoded.
  const [, password] = /^[^:]*:(.+)$/.exec(Buffer.from(pair, 'base64').toString('utf8')) ?? []
  return password === undefined ? undefined : (new URLSearchParams(`=${password}`).get('') ?? undefined)
}

/**
 * Refuses a caller without one of the operator's tokens. Only wrong tokens count: a resource server asks often, and another
 * caller at its address must not lock it out. No attacker can guess 32 random characters. The limit reduces noise (O-11).
 */
async function refuseStranger(
  request: Request,
  { tokens, limit, log }: IntrospectionOptions,
  { address, signal }: IntrospectionCall,
): Promise<Response | undefined> {
  const shown = shownToken(request) ?? passwordOf(request)
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
