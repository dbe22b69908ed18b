import { AuthorizationError, PageError } from '../errors.ts'
import type { Parameters } from '../parameters.ts'
import { onPage } from './checks/on-page.ts'
import { readOwnForm } from './checks/own-form.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { redirectToProvider } from './provider-redirect.ts'
import { type AuthorizationRequest, returnAddressOf } from './request.ts'

/**
 * `POST /oauth/approve`: the person pressed a button on the consent page. Approval sends the browser to the OpenID
 * Provider. Throws `PageError`.
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
  const response = await redirectToProvider(accepted, request, context, call.signal)
  context.log('consent_granted', { client: accepted.c, scope: accepted.scope })
  return response
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
