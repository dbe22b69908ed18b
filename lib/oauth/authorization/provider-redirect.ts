import { PageError } from '../errors.ts'
import { ProviderError } from '../providers/provider.ts'
import { seeOther } from './answer-to-client.ts'
import type { AuthorizationContext } from './context.ts'
import type { AuthorizationRequest } from './request.ts'
import type { Begun, Transaction } from './transaction.ts'

/**
 * Begins the transaction of an approved request and sends the browser to the OpenID Provider. Only this answer sets the
 * transaction's cookie (C-10, F-01). Throws `PageError`.
 */
export function redirectToProvider(
  approved: AuthorizationRequest,
  browser: Request,
  context: AuthorizationContext,
  signal: AbortSignal,
): Promise<Response> {
  return redirect(context.transactions.begin(approved, context.provider.id, browser), approved, context, signal)
}

/** Sends the browser to the OpenID Provider once more for the same approval. Throws `PageError`. */
export function redirectAgain(
  transaction: Transaction,
  browser: Request,
  context: AuthorizationContext,
  signal: AbortSignal,
): Promise<Response> {
  const begun = context.transactions.beginAgain(transaction, context.provider.id, browser)
  return redirect(begun, transaction.request, context, signal)
}

async function redirect(
  { login, setCookies }: Begun,
  { clientHash: client, prompt }: AuthorizationRequest,
  context: AuthorizationContext,
  signal: AbortSignal,
): Promise<Response> {
  try {
    const location = await context.provider.authorizationUrl(login, prompt, signal)
    return seeOther(location.href, setCookies)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    context.log('upstream_failed', { client, kind: error.kind, code: error.code, reason: error.message })
    // The page in the browser stays usable: pressing the button again asks the provider again (F-13).
    throw unavailable(error, context)
  }
}

/** Returns the error page for a provider that does not answer, or that the operator must set up first. */
export function unavailable(
  { kind }: ProviderError,
  { brand: { provider } }: Pick<AuthorizationContext, 'brand'>,
): PageError {
  return kind === 'misconfigured'
    ? new PageError('not-configured', 'server_error', 'the OpenID Provider is not set up for this service')
    : new PageError('sign-in-unavailable', 'temporarily_unavailable', 'the OpenID Provider did not answer', {
        provider,
      })
}
