import { htmlResponse } from '../../pages/html-response.ts'
import { paths } from '../capabilities.ts'
import { consentPage } from '../pages/consent.ts'
import { cookieHeaders } from './answer-to-client.ts'
import { optionalScopesOf } from './checks.ts'
import type { AuthorizationContext, Wanted } from './context.ts'
import type { AuthorizationRequest } from './request.ts'

/** Shows the consent page for a validated request. Its form is sealed and bound to the browser. */
export async function showConsent(
  accepted: AuthorizationRequest,
  browser: Request,
  context: AuthorizationContext,
  wanted: Wanted = {},
): Promise<Response> {
  const choice = await context.choice?.()
  const { hash, setCookie } = context.browser.bind(browser)
  const { clientName: name, verifiedHost, clientId, redirectUri, scope, addable } = accepted
  const page = consentPage({
    brand: context.brand,
    accountUrl: context.accountUrl,
    client: { name, verifiedHost, document: verifiedHost === undefined ? undefined : clientId },
    redirectUri,
    scopes: scope.split(' '),
    scopeTexts: context.scopes.texts,
    optionalScopes: optionalScopesOf(scope, context.scopes),
    addableScopes: addable === undefined ? [] : [addable],
    note: context.scopeRules?.note,
    action: paths.approve,
    attempt: accepted.attempt,
    buttons: choice?.buttons(wanted),
    hiddenFields: { request: context.consentForms.seal(accepted, hash) },
  })
  return htmlResponse(page, { status: 200, headers: cookieHeaders(setCookie === undefined ? [] : [setCookie]) })
}
