import { AuthorizationError, PageError } from '../errors.ts'
import { onPage } from './checks/on-page.ts'
import { readOwnForm } from './checks/own-form.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { issueCode } from './issue-code.ts'
import { returnAddressOf } from './request.ts'

/**
 * `POST /oauth/confirm`: the person saw who they are signed in as, and that the answer goes to a host nobody vouches
 * for, or opens an app (X1, A-17, A-20). Only now is there a code. Whoever kept the cookie and posts again gets another code of the same grant, which
 * only one of them can become. Throws `PageError`.
 */
export async function confirm(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const form = await readOwnForm(request, context.issuer)
  const state = onPage('invalid-request', () => form.get('state')) ?? ''
  const waiting = context.transactions.findConfirmation(request, state)
  if (!waiting) {
    throw new PageError('other-browser', 'access_denied', 'this browser has no such sign-in, or it has expired')
  }
  const to = returnAddressOf(waiting.request, context.redirectPolicy)
  const end = context.transactions.end(request, state)
  if (onPage('invalid-request', () => form.get('action')) !== 'confirm') {
    context.log('confirmation_denied', { client: waiting.request.c, sub: waiting.signedIn.sub })
    const denied = new AuthorizationError(to, 'access_denied', 'the person cancelled')
    return context.respond.failure(denied, to, call.requestId, end)
  }
  return context.respond.success(to, issueCode(waiting.signedIn, waiting.request, waiting.grant, context), end)
}
