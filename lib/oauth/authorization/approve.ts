import { PageError } from '../errors.ts'
import type { Parameters } from '../http/parameters.ts'
import type { Scopes } from '../scopes.ts'
import type { FlowCall, Trail } from '../trail.ts'
import { AuthorizationError } from './answer-to-client.ts'
import { optionalScopesOf, requireStillAllowed } from './checks.ts'
import { showConsent } from './consent.ts'
import type { AuthorizationContext } from './context.ts'
import { onPage } from './on-page.ts'
import { readOwnForm } from './own-form.ts'
import { redirectToProvider } from './provider-redirect.ts'
import { type AuthorizationRequest, knownOf, startAgainPath } from './request.ts'

/**
 * `POST /oauth/approve`: the user pressed a button on the consent page. Approval sends the browser to the OpenID Provider.
 * Throws `PageError`.
 */
export async function approve(request: Request, context: AuthorizationContext, call: FlowCall): Promise<Response> {
  const { trail } = call
  trail.at('consent')
  const form = await readOwnForm(request, context.issuer)
  const { accepted, sameCookie } = openForm(form, request, context, trail)
  const to = requireStillAllowed(accepted, context)

  const choice = await context.choice?.()
  const chosen = onPage('invalid-request', () =>
    choice ? choice.chosen(form) : form.get('action') === 'approve' ? context : null,
  )
  if (chosen === null) {
    context.log('consent_denied', { client: accepted.clientHash })
    trail.record('consent', 'refused', { reason: 'canceled' })
    return context.respond.failure(new AuthorizationError(to, 'access_denied', 'the user canceled'), trail.reference)
  }
  // A new browser opened two pages at once, and one cookie replaced the other. Ask again: that takes a click of its own.
  if (!sameCookie) return showConsent(accepted, request, context)
  if (chosen === 'unknown')
    return showConsent(accepted, request, context, { address: form.get('address'), unknown: true })
  const approved = withAdded(withoutLeftOut(accepted, form.all('leave_out'), context.scopes), form.all('add'))
  trail.at('provider')
  const response = await redirectToProvider(approved, request, chosen, call.signal)
  const { clientHash: client, scope, leftOut } = approved
  context.log('consent_granted', { client, scope, leftOut })
  trail.record('approved', 'ok')
  return response
}

/**
 * Removes the optional scopes that the user ticked. Nothing in the form can add a scope. The removed scopes travel along, so
 * that the client is not told to ask for them again.
 */
function withoutLeftOut(
  accepted: AuthorizationRequest,
  ticked: readonly string[],
  scopes: Scopes,
): AuthorizationRequest {
  const leftOut = optionalScopesOf(accepted.scope, scopes).filter((scope) => ticked.includes(scope))
  if (leftOut.length === 0) return accepted
  const scope = accepted.scope.split(' ').filter((each) => !leftOut.includes(each))
  return { ...accepted, scope: scope.join(' '), leftOut: leftOut.join(' ') }
}

/** Adds the scope that the page offered, if the user ticked its box (N8). No other scope can be added. */
function withAdded(accepted: AuthorizationRequest, ticked: readonly string[]): AuthorizationRequest {
  const { addable, ...request } = accepted
  if (addable === undefined || !ticked.includes(addable)) return request
  return { ...request, scope: `${request.scope} ${addable}` }
}

function openForm(form: Parameters, request: Request, context: AuthorizationContext, trail: Trail) {
  const opened = context.consentForms.open(onPage('invalid-request', () => form.get('request')) ?? '')
  if (!opened) throw new PageError('invalid-request', 'invalid_request', 'the form is not one of ours')
  trail.learn(knownOf(opened.request))
  if (opened.expired) {
    const again = startAgainPath(opened.request)
    throw new PageError('expired', 'invalid_request', 'the consent page has expired', { again })
  }
  const browser = context.browser.compare(request, opened.browserHash)
  if (browser === 'unknown') {
    throw new PageError('other-browser', 'invalid_request', 'the form belongs to another browser')
  }
  return { accepted: opened.request, sameCookie: browser === 'same' }
}
