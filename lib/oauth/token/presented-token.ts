import type { Presented } from '../client-authentication/assertion-keys.ts'
import type { Parameters } from '../http/parameters.ts'
import type { CodeSealer } from './authorization-code.ts'
import type { RefreshSealer } from './refresh-token.ts'

/**
 * Makes the function that opens the code or the token that a request is about. At the token endpoint the grant type says
 * which parameter that is, at the revocation endpoint it is `token`. The function returns `null` for a value that has
 * expired or belongs to another client.
 */
export function createFindPresented(options: {
  readonly codes: Pick<CodeSealer, 'open'>
  readonly refreshTokens: Pick<RefreshSealer, 'open'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): (form: Parameters, clientHash: string) => Presented | null {
  const { codes, refreshTokens, now } = options
  function open(form: Parameters) {
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return codes.open(form.get('code') ?? '')
      case 'refresh_token':
        return refreshTokens.open(form.get('refresh_token') ?? '')
      default:
        return refreshTokens.open(form.get('token') ?? '')
    }
  }
  return (form, clientHash) => {
    const opened = open(form)
    if (opened?.clientHash !== clientHash || opened.expiresAt * 1000 <= now()) return null
    return { jwksUri: opened.jwksUri }
  }
}
