import type { Brand } from '../../pages/brand.ts'
import { type ErrorCode, PageError } from '../errors.ts'
import type { ProviderError } from '../providers/provider.ts'
import { isRefusal, meaningOf } from '../providers/provider-words.ts'

/**
 * Returns the error for the client (F-08). It never quotes the provider. Throws the page that tells a user whose account is not
 * suitable what to do: the client could only say that it failed.
 *
 * @param again the path that starts the same sign-in again
 */
export function clientError(
  { kind, code, message, remedy }: ProviderError,
  again: string | undefined,
  { provider }: Brand,
): { code: ErrorCode; description: string } {
  if (kind === 'unsuitable')
    throw new PageError('account-unsuitable', 'access_denied', message, { again, remedy, provider })
  if (kind === 'invalid') return { code: 'server_error', description: 'the sign-in could not be verified' }
  if (kind === 'misconfigured') {
    return { code: 'server_error', description: 'the OpenID Provider is not set up for this service' }
  }
  const meaning = meaningOf(code ?? '')
  if (meaning === 'access_denied') {
    return { code: meaning, description: 'the user or the OpenID Provider refused the sign-in' }
  }
  if (isRefusal(meaning)) return { code: meaning, description: 'the OpenID Provider needs the user to interact' }
  if (meaning === 'passing' && !/^server.error$/i.test(code ?? '')) {
    return { code: 'temporarily_unavailable', description: 'the OpenID Provider is temporarily unavailable' }
  }
  return { code: 'server_error', description: 'the OpenID Provider could not complete the sign-in' }
}
