import type { FlowCall } from '../trail.ts'
import { AuthorizationError } from './answer-to-client.ts'
import { finished, learnFrom, noSuchSignIn, tookTooLong } from './callback.ts'
import { requireStillAllowed } from './checks.ts'
import type { AuthorizationContext } from './context.ts'
import { codeFor, codeOfConfirmation, isAlive } from './issue-code.ts'
import { onPage } from './on-page.ts'
import { readOwnForm } from './own-form.ts'

/**
 * `POST /oauth/confirm`: the user saw who is signed in, and that the answer goes to an untrusted host or opens an app (A-17,
 * Only now does a code exist. A second post within a few seconds (a double click) gives the same code. A later post
 * gives another code of the same grant, and only one of them can be redeemed. Throws `PageError`.
 */
export async function confirm(request: Request, context: AuthorizationContext, call: FlowCall): Promise<Response> {
  const { trail } = call
  trail.at('confirmation')
  const form = await readOwnForm(request, context.issuer)
  const state = onPage('invalid-request', () => form.get('state')) ?? ''
  const confirmed = onPage('invalid-request', () => form.get('action')) === 'confirm'
  const found = context.transactions.find(request, state)
  if (!found || found.kind === 'signing-in') throw noSuchSignIn()
  learnFrom(found, trail)
  const to = requireStillAllowed(found.request, context)
  const { signedIn, grant } = found
  if (found.kind === 'finished') {
    if (!confirmed || !isAlive(found.code, context)) return finished(found, to, context, trail)
    return context.respond.success(to, codeFor(signedIn, found.request, grant, found.code, context))
  }
  if (found.late) throw tookTooLong(found)
  const logged = { client: found.request.clientHash, sub: signedIn.sub }
  if (!confirmed) {
    context.log('confirmation_denied', logged)
    trail.record('confirmation', 'refused', { reason: 'canceled' })
    const denied = new AuthorizationError(to, 'access_denied', 'the user canceled')
    return context.respond.failure(denied, trail.reference, context.transactions.end(request, state))
  }
  const issued = codeOfConfirmation(grant, context)
  const code = codeFor(signedIn, found.request, grant, issued, context)
  context.log('code_issued', logged)
  trail.record('code', 'ok')
  return context.respond.success(to, code, context.transactions.finish(request, state, found, issued))
}
