import { capabilities } from '../../capabilities.ts'
import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'
import { challengeForm } from '../../token/pkce.ts'

/** PKCE by S256 for every client. An absent method means `plain` (RFC 7636 §4.3), which is refused. */
export function requireCodeChallenge(parameters: Parameters): string {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) throw new OAuthError('invalid_request', 'code_challenge is missing')
  if (!capabilities.codeChallengeMethods.some((supported) => supported === method)) {
    throw new OAuthError('invalid_request', 'use code_challenge_method=S256')
  }
  if (!challengeForm.test(challenge)) throw new OAuthError('invalid_request', 'code_challenge is not an S256 challenge')
  return challenge
}
