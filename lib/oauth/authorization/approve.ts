import { AuthorizationError, PageError } from '../errors.ts'
import type { Parameters } from '../parameters.ts'
import { onPage } from './checks/on-page.ts'
import { readOwnForm } from './checks/own-form.ts'
import { showConsent } from './consent.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { redirectToProvider } from './provider-redirect.ts'
import { askAnew, returnAddressOf } from './request.ts'

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
  const { accepted, ownForm } = openForm(form, request, context)
  const to = returnAddressOf(accepted, context.redirectPolicy)

  if (onPage('invalid-request', () => form.get('action')) !== 'approve') {
    context.log('consent_denied', { client: accepted.c })
    return context.respond.failure(
      new AuthorizationError(to, 'access_denied', 'the person cancelled'),
      to,
      call.requestId,
    )
  }
  // Two pages opened at once in a new browser: one cookie replaced the other. Ask again; it takes a click of its own.
  if (!ownForm) return showConsent(accepted, request, context)
  const response = await redirectToProvider(accepted, request, context, call.signal)
  context.log('consent_granted', { client: accepted.c, scope: accepted.scope })
  return response
}

function openForm(form: Parameters, request: Request, context: AuthorizationContext) {
  const opened = context.consentForms.open(onPage('invalid-request', () => form.get('request')) ?? '')
  if (!opened) throw new PageError('invalid-request', 'invalid_request', 'the form is not one of ours')
  if (opened.expired) {
    const description = 'the consent page has expired'
    throw new PageError('expired', 'invalid_request', description, undefined, askAnew(opened.request))
  }
  const browser = context.browser.compare(request, opened.browserHash)
  if (browser === 'unknown') {
    throw new PageError('other-browser', 'invalid_request', 'the form belongs to another browser')
  }
  return { accepted: opened.request, ownForm: browser === 'yes' }
}
