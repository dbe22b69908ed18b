import { lifetimes } from '../capabilities.ts'
import { PageError } from '../errors.ts'
import type { FlowCall } from '../trail.ts'
import type { AuthorizationContext } from './context.ts'
import { redirectAgain } from './provider-redirect.ts'
import { startAgainPath } from './request.ts'
import type { Transaction } from './transaction.ts'

/**
 * Sends the browser to the provider again, for when the provider's code is spent and no user was identified. This takes no
 * click if the provider remembers the user. It is bounded, so that it ends. It happens only soon after the approval, however
 * long the operator lets a sign-in take: later another user may sit at this browser.
 *
 * @param most how often one approval may do this
 */
export async function signInAgain(
  transaction: Transaction,
  most: number,
  browser: Request,
  context: AuthorizationContext,
  call: FlowCall,
): Promise<Response> {
  const { request, repeats, approvedAt } = transaction
  const recent = approvedAt + Math.min(context.signInLifetime, lifetimes.signIn) > Math.floor(context.now() / 1000)
  if (repeats >= most || !recent) {
    const description = 'the OpenID Provider does not say who signed in'
    throw new PageError('sign-in-stuck', 'temporarily_unavailable', description, {
      again: startAgainPath(request),
      provider: context.brand.provider,
    })
  }
  const response = await redirectAgain(transaction, browser, context, call.signal)
  call.trail.record('provider', 'failed', { reason: 'again' })
  context.log('sign_in_begun_again', { client: request.clientHash, times: repeats + 1 })
  return response
}
