import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'
import type { UpstreamPrompt } from '../../providers/provider.ts'

/**
 * `prompt`. The consent page is always shown, so `consent` asks for nothing new and `none` cannot be met;
 * `login` and `select_account` are passed on to the OpenID Provider.
 */
export function checkPrompt(parameters: Parameters): UpstreamPrompt | undefined {
  const values = parameters.get('prompt')?.split(' ') ?? []
  if (values.includes('none')) {
    throw values.length === 1
      ? new OAuthError('login_required', 'signing in takes the person: prompt=none cannot be met')
      : new OAuthError('invalid_request', 'prompt=none excludes other values')
  }
  if (values.includes('select_account')) return 'select_account'
  return values.includes('login') ? 'login' : undefined
}
