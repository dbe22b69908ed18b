import { lifetimes } from '../capabilities.ts'
import { AuthorizationError, type ErrorCode, PageError } from '../errors.ts'
import { newGrantKey, subjectOf } from '../grants/record.ts'
import { parseParameters } from '../parameters.ts'
import { sha256 } from '../sha256.ts'
import type { AuthorizationCode } from '../token/authorization-code.ts'
import { type Identity, UpstreamError } from '../upstream/upstream.ts'
import { onPage } from './checks/on-page.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { type AuthorizationRequest, returnAddressOf } from './request.ts'

/**
 * `GET /mcp/callback`: the OpenID Provider sends the person back. Only the browser that approved has the transaction
 * (F-02, A-21), and only then is the provider asked who this is; the answer becomes a code for the client. Touches no
 * store: the provider's code, the transaction and our grant are each for one use. Throws `PageError`.
 */
export async function callback(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const answer = new URL(request.url).searchParams
  const state = onPage('invalid-request', () => parseParameters(answer).get('state')) ?? ''
  const transaction = context.transactions.find(request, state)
  if (!transaction) {
    throw new PageError('other-browser', 'access_denied', 'this browser has no such sign-in, or it has expired')
  }
  const to = returnAddressOf(transaction.request, context.redirectPolicy)
  const end = [context.transactions.end(state)]
  try {
    const identity = await context.upstream.identify(answer, transaction.login, call.signal)
    const code = sealCode(identity, transaction.request, context)
    context.log('code_issued', { client: transaction.request.c, sub: code.sub })
    return context.respond.success(to, code.value, end)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    context.log('upstream_failed', {
      client: transaction.request.c,
      kind: error.kind,
      code: error.code,
      reason: error.message,
    })
    // Nothing is burnt: loading the page again asks again (F-13).
    if (error.kind === 'transient') {
      throw new PageError('sign-in-unavailable', 'temporarily_unavailable', 'the OpenID Provider did not answer')
    }
    const { code, description } = clientError(error)
    return context.respond.failure(new AuthorizationError(to, code, description), to, call.requestId, end)
  }
}

function sealCode(identity: Identity, request: AuthorizationRequest, context: AuthorizationContext) {
  const now = Math.floor(context.now() / 1000)
  const sub = subjectOf(identity.issuer, identity.sub)
  const end = now + context.grantLifetime
  const { organization } = identity
  const code: AuthorizationCode = {
    g: newGrantKey(sub, end),
    c: request.c,
    r: sha256(request.redirect_uri),
    p: request.p,
    resource: request.resource,
    scope: request.scope,
    ...(request.cn === undefined ? {} : { cn: request.cn }),
    ...(request.ch === undefined ? {} : { ch: request.ch }),
    m: request.m,
    rt: request.rt,
    u: {
      ...(identity.email === undefined ? {} : { email: identity.email }),
      ...(identity.emailVerified === undefined ? {} : { ev: identity.emailVerified }),
      ...(organization?.id === undefined ? {} : { oi: organization.id }),
      ...(organization?.name === undefined ? {} : { on: organization.name }),
    },
    exp: now + lifetimes.code,
    end,
  }
  return { value: context.codes.seal(code), sub }
}

/** What the client is told (F-08): never the provider's own words. */
function clientError({ kind, code }: UpstreamError): { code: ErrorCode; description: string } {
  if (kind === 'invalid') return { code: 'server_error', description: 'the sign-in could not be verified' }
  switch (code) {
    case 'access_denied':
      return { code, description: 'the person or the OpenID Provider refused the sign-in' }
    case 'login_required':
    case 'consent_required':
    case 'interaction_required':
      return { code, description: 'the OpenID Provider needs the person' }
    case 'temporarily_unavailable':
      return { code, description: 'the OpenID Provider is temporarily unavailable' }
    default:
      return { code: 'server_error', description: 'the OpenID Provider could not complete the sign-in' }
  }
}
