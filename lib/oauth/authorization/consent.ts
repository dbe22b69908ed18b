import { paths } from '../capabilities.ts'
import { consentPage, htmlResponse } from '../pages/index.ts'
import { optionalScopesOf } from './checks/scope.ts'
import type { AuthorizationContext } from './context.ts'
import type { AuthorizationRequest } from './request.ts'

/** The consent page for a validated request, its form sealed and bound to the browser that is shown it. */
export function showConsent(accepted: AuthorizationRequest, browser: Request, context: AuthorizationContext): Response {
  const { hash, setCookie } = context.browser.bind(browser)
  const page = consentPage({
    brand: context.brand,
    client: {
      ...(accepted.cn === undefined ? {} : { name: accepted.cn }),
      ...(accepted.ch === undefined ? {} : { verifiedHost: accepted.ch }),
      ...(accepted.ch === undefined || accepted.ci === undefined ? {} : { document: accepted.ci }),
    },
    redirectUri: accepted.redirect_uri,
    scopes: accepted.scope.split(' '),
    optionalScopes: optionalScopesOf(accepted.scope),
    action: paths.approve,
    hiddenFields: { request: context.consentForms.seal(accepted, hash) },
  })
  return htmlResponse(page, { status: 200, headers: setCookie === undefined ? {} : { 'set-cookie': setCookie } })
}
