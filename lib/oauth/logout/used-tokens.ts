import { sha256 } from '../../base/sha256.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { acceptedUntil, type SignedClaims, TokenRefused } from './signed-token.ts'

/** The collection in the store. Its keys are `logout-tokens/<until when the token is accepted>/<hash of issuer, jti and subject>`. */
export const usedTokens = 'logout-tokens'

/** A token that is being used. */
export interface TokenUse {
  /** When the token was used for the first time, in milliseconds since the epoch. */
  readonly at: number
  /** What the token asks for is done already. */
  readonly done: boolean
  /** Notes that what the token asks for is done. */
  finish(signal: AbortSignal): Promise<void>
}

/**
 * Makes the function that remembers the `jti` of each verified token. A token that comes again for the same `request` continues what
 * may have been interrupted, with the time of its first use, and does nothing once that is done. For another request it is refused.
 * With a `subject`, a token is the same only if it is about the same subject: a provider that uses an ID twice has signed both, and
 * neither person may keep access because of the other. Throws `TokenRefused` and `StoreUnavailable`.
 *
 * @param now milliseconds since the epoch
 */
export function createUsedTokens(store: Store, now: () => number) {
  return async (claims: SignedClaims, request: string, signal: AbortSignal, subject?: string): Promise<TokenUse> => {
    const id = [claims.iss, claims.jti, ...(subject === undefined ? [] : [subject])].join('\n')
    const key = `${usedTokens}/${acceptedUntil(claims)}/${sha256(id)}`
    const first = { request: sha256(request), at: now(), done: false }
    const use = (await store.create(key, first, signal)).won ? first : await known(key, signal)
    if (use.request !== first.request) throw new TokenRefused('used')
    return {
      at: use.at,
      done: use.done,
      finish: (inTime) => store.put(key, { ...first, at: use.at, done: true }, inTime),
    }
  }

  async function known(key: string, signal: AbortSignal) {
    const { request, at, done } = (await store.get(key, signal))?.value ?? {}
    if (typeof at !== 'number') throw new StoreUnavailable('a used token cannot be read')
    return { request, at, done: done === true }
  }
}

export type UsedTokens = ReturnType<typeof createUsedTokens>
