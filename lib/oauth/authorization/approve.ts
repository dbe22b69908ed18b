import { AuthorizationError, PageError } from '../errors.ts'
import type { Parameters } from '../parameters.ts'
import { type Login, UpstreamError } from '../upstream/upstream.ts'
import { onPage } from './checks/on-page.ts'
import { readOwnForm } from './checks/own-form.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { type AuthorizationRequest, returnAddressOf } from './request.ts'
import { seeOther } from './respond.ts'

/**
 * `POST /oauth/approve`: the person pressed a button on the consent page. Approval opens the transaction (its cookie is
 * set here and nowhere else, C-10) and sends the browser to the OpenID Provider. Throws `PageError`.
 */
export async function approve(
  request: Request,
  context: AuthorizationContext,
  call: AuthorizationCall,
): Promise<Response> {
  const form = await readOwnForm(request, context.issuer)
  const accepted = openForm(form, request, context)
  const to = returnAddressOf(accepted, context.redirectPolicy)

  if (onPage('invalid-request', () => form.get('action')) !== 'approve') {
    context.log('consent_denied', { client: accepted.c })
    return context.respond.failure(
      new AuthorizationError(to, 'access_denied', 'the person cancelled'),
      to,
      call.requestId,
    )
  }
  const { login, setCookies } = context.transactions.begin(accepted, request)
  const location = await providerUrl(login, accepted, context, call.signal)
  context.log('consent_granted', { client: accepted.c, scope: accepted.scope })
  return seeOther(location.href, setCookies)
}

/** Where the browser is to go. While the provider cannot be found, the page stays usable: pressing again asks again (F-13). */
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

function openForm(form: Parameters, request: Request, context: AuthorizationContext): AuthorizationRequest {
  const opened = context.consentForms.open(onPage('invalid-request', () => form.get('request')) ?? '')
  if (!opened) throw new PageError('invalid-request', 'invalid_request', 'the form is not one of ours')
  if (opened.expired) throw new PageError('expired', 'invalid_request', 'the consent page has expired')
  if (!context.browser.matches(request, opened.browserHash)) {
    throw new PageError('other-browser', 'invalid_request', 'the form belongs to another browser')
  }
  return opened.request
}
