import { PageError } from '../errors.ts'
import { type Login, UpstreamError } from '../providers/provider.ts'
import { seeOther } from './answer-to-client.ts'
import type { AuthorizationContext } from './context.ts'
import type { AuthorizationRequest } from './request.ts'
import type { Transaction } from './transaction.ts'

/**
 * Opens the transaction of an approved request and sends the browser to the OpenID Provider. Its cookie is set here and
 * nowhere else (C-10), in the same answer (F-01). Throws `PageError`.
 */
export async function redirectToProvider(
  approved: AuthorizationRequest,
  browser: Request,
  context: AuthorizationContext,
  signal: AbortSignal,
): Promise<Response> {
  const { login, setCookies } = context.transactions.begin(approved, context.upstream.id, browser)
  const location = await providerUrl(login, approved, context, signal)
  return seeOther(location.href, setCookies)
}

/** Sends the browser to the OpenID Provider once more for the same approval. Throws `PageError`. */
export async function redirectAgain(
  transaction: Transaction,
  browser: Request,
  context: AuthorizationContext,
  signal: AbortSignal,
): Promise<Response> {
  const { login, setCookies } = context.transactions.beginAgain(transaction, context.upstream.id, browser)
  const location = await providerUrl(login, transaction.request, context, signal)
  return seeOther(location.href, setCookies)
}

/** While the provider cannot be found, the page stays usable: pressing again asks again (F-13). */
async function providerUrl(
  login: Login,
  { c: client, prompt }: AuthorizationRequest,
  context: AuthorizationContext,
  signal: AbortSignal,
): Promise<URL> {
  try {
    return await context.upstream.authorizationUrl(login, prompt, signal)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    context.log('upstream_failed', { client, kind: error.kind, code: error.code, reason: error.message })
    throw unavailable(error)
  }
}

/** What a person is shown while the provider cannot be asked: for a moment, or until somebody has set it up. */
export function unavailable({ kind }: UpstreamError): PageError {
  return kind === 'misconfigured'
    ? new PageError('not-configured', 'server_error', 'the OpenID Provider is not set up for this service')
    : new PageError('sign-in-unavailable', 'temporarily_unavailable', 'the OpenID Provider did not answer')
}
