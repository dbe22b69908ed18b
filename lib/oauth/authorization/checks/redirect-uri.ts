import type { Client } from '../../clients/client.ts'
import { matchRedirectUri, type RedirectPolicy, type ValidatedRedirect } from '../../clients/redirect-uri.ts'
import { PageError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'
import { onPage } from '../on-page.ts'

/** `redirect_uri` has to be one of the client's; a failure is shown here and never redirected. */
export function requireRedirectUri(parameters: Parameters, client: Client, policy: RedirectPolicy): ValidatedRedirect {
  const requested = onPage('invalid-redirect-uri', () => parameters.get('redirect_uri'))
  const redirect = matchRedirectUri(client.redirectUris, requested, policy)
  if (redirect) return redirect
  const description =
    requested === undefined ? 'redirect_uri is missing' : 'redirect_uri is not registered for this client'
  throw new PageError('invalid-redirect-uri', 'invalid_request', description)
}
