import { AuthorizationError, PageError } from '../errors.ts'
import { finished, tookTooLong } from './callback.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { codeFor, codeOfConfirmation, isAlive } from './issue-code.ts'
import { onPage } from './on-page.ts'
import { readOwnForm } from './own-form.ts'
import { returnAddressOf } from './request.ts'

/**
 * `POST /oauth/confirm`: the person saw who they are signed in as, and that the answer goes to a host nobody vouches
 * for, or opens an app. Only now is there a code. Posted again at once (a double click) it is the same code; whoever kept the
 * cookie and posts again later gets another code of the same grant, which only one of them can become. Throws `PageError`.
 */
export async function confirm(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const form = await readOwnForm(request, context.issuer)
  const state = onPage('invalid-request', () => form.get('state')) ?? ''
  const confirmed = onPage('invalid-request', () => form.get('action')) === 'confirm'
  const found = context.transactions.find(request, state)
  if (!found || found.kind === 'signing-in') {
    throw new PageError('other-browser', 'access_denied', 'this browser has no such sign-in, or it has expired')
  }
  const to = returnAddressOf(found.request, context.redirectPolicy)
  const { signedIn, grant } = found
  if (found.kind === 'finished') {
    if (!confirmed || !isAlive(found.code, context)) return finished(found, to, context)
    return context.respond.success(to, codeFor(signedIn, found.request, grant, found.code, context))
  }
  if (found.late) throw tookTooLong(found)
  if (!confirmed) {
    context.log('confirmation_denied', { client: found.request.c, sub: signedIn.sub })
    const denied = new AuthorizationError(to, 'access_denied', 'the person cancelled')
    return context.respond.failure(denied, to, call.requestId, context.transactions.end(request, state))
  }
  const issued = codeOfConfirmation(grant, context)
  const code = codeFor(signedIn, found.request, grant, issued, context)
  context.log('code_issued', { client: found.request.c, sub: signedIn.sub })
  return context.respond.success(to, code, context.transactions.finish(request, state, found, issued))
}
