import { OAuthError } from '../../errors.ts'
import type { Parameters } from '../../http/parameters.ts'

/** Characters of a `state`: clients put whole sealed records of their own into it. */
export const longestState = 4096

/** What decoding leaves in place of bytes that are not UTF-8. */
const notUtf8 = '\u{FFFD}'

/** `state` is the client's own: any text that can be echoed. Throws `OAuthError`. */
export function checkState(parameters: Parameters): void {
  const state = parameters.get('state') ?? ''
  if (state.includes(notUtf8)) throw new OAuthError('invalid_request', 'state is not UTF-8')
  if ([...state].length > longestState) {
    throw new OAuthError('invalid_request', `state is longer than ${longestState} characters`)
  }
}

/**
 * The value to echo byte for byte; none when it is repeated, since nobody could tell which, or holds bytes that we
 * could only echo altered.
 */
export function stateOf(parameters: Parameters): string | undefined {
  const [state, ...others] = parameters.all('state')
  return others.length === 0 && !state?.includes(notUtf8) ? state : undefined
}
