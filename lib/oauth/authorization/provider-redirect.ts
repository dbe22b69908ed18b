import { PageError } from '../errors.ts'
import { type Login, UpstreamError } from '../upstream/upstream.ts'
import type { AuthorizationContext } from './context.ts'
import type { AuthorizationRequest } from './request.ts'
import { seeOther } from './respond.ts'

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
  const { login, setCookies } = context.transactions.begin(approved, browser)
  const location = await providerUrl(login, approved, context, signal)
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
    throw new PageError('sign-in-unavailable', 'temporarily_unavailable', 'the OpenID Provider did not answer')
  }
}
