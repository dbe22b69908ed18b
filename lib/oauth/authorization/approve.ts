import { AuthorizationError, PageError } from '../errors.ts'
import type { Parameters } from '../http/parameters.ts'
import { optionalScopesOf } from './checks/scope.ts'
import { showConsent } from './consent.ts'
import type { AuthorizationCall, AuthorizationContext } from './context.ts'
import { onPage } from './on-page.ts'
import { readOwnForm } from './own-form.ts'
import { redirectToProvider } from './provider-redirect.ts'
import { type AuthorizationRequest, askAnew, returnAddressOf } from './request.ts'

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
  const approved = withoutLeftOut(accepted, form.all('leave_out'))
  const response = await redirectToProvider(approved, request, context, call.signal)
  const leftOut = approved.lo === undefined ? {} : { leftOut: approved.lo }
  context.log('consent_granted', { client: approved.c, scope: approved.scope, ...leftOut })
  return response
}

/**
 * What the person has agreed to: the page lets them leave out some scopes, and no word in the form adds any. What they left
 * out travels along, so that the client is not told to ask for it again.
 */
function withoutLeftOut(accepted: AuthorizationRequest, ticked: readonly string[]): AuthorizationRequest {
  const leftOut = optionalScopesOf(accepted.scope).filter((scope) => ticked.includes(scope))
  if (leftOut.length === 0) return accepted
  const scope = accepted.scope.split(' ').filter((each) => !leftOut.includes(each))
  return { ...accepted, scope: scope.join(' '), lo: leftOut.join(' ') }
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
