import { BoundedMap } from '../base/bounded-map.ts'
import { withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { createSingleFlight } from '../base/single-flight.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { AccessToken } from './bearer.ts'

/**
 * Reads the status of a grant, by a strong read. `ended`: the grant was revoked, which is final. `absent`: the store has no
 * such grant. Throws `StoreUnavailable`.
 */
export type ReadGrantStatus = (grant: string, signal: AbortSignal) => Promise<'live' | 'ended' | 'absent'>

/**
 * Whether the grant of a verified token is still live (S-07). An answer is kept for at most 60 s: a revocation reaches every
 * instance within that time. Concurrent requests of one grant share one read. When the store does not answer in a second,
 * a token that is otherwise valid passes: an outage must not sign all users out. A grant that the store does not have is
 * refused, but is read again soon, and at once for the next token: one wrong answer must not sign a user out.
 */
export type GrantCheck = (token: AccessToken) => Promise<boolean>

/** Milliseconds. */
const liveFor = 60_000
const readTimeout = 1_000
/** Milliseconds until a grant is read again after the store did not answer. */
const unknownFor = 5_000
/** Milliseconds until an absent grant is read again for the same token. */
const absentFor = 5_000
/** Grants that an instance remembers. It reads a forgotten grant again. */
const mostRemembered = 2_000

interface Known {
  readonly live: boolean
  /** Milliseconds since the epoch. */
  readonly until: number
}

export interface GrantCheckOptions {
  readonly grantStatus: ReadGrantStatus
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly log: Log
}

export function createGrantCheck({ grantStatus, now = Date.now, log }: GrantCheckOptions): GrantCheck {
  /** By grant, or by token if the grant was absent. The least recently read first. */
  const known = new BoundedMap<string, Known>(mostRemembered)
  const reading = createSingleFlight<boolean>()

  function remember(what: string, learned: Known): boolean {
    known.set(what, learned)
    return learned.live
  }

  /** Has a deadline of its own: concurrent requests share the read, and none of them may cancel it. */
  async function read({ grant, jti, expiresAt }: AccessToken): Promise<boolean> {
    // The time counts from the beginning of the read, because the answer may be that old.
    const began = now()
    try {
      switch (await withDeadline(readTimeout, (signal) => grantStatus(grant, signal))) {
        case 'live':
          return remember(grant, { live: true, until: began + liveFor })
        case 'ended':
          // An ended grant stays ended, so it is not read again until the token expires.
          return remember(grant, { live: false, until: Math.max(expiresAt * 1_000, began + liveFor) })
        case 'absent':
          return remember(jti, { live: false, until: began + absentFor })
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      log('mcp_grant_unchecked', { grant: shortGrant(grant), reason: error.message })
      return remember(grant, { live: true, until: now() + unknownFor })
    }
  }

  return async (token) => {
    for (const what of [token.grant, token.jti]) {
      const found = known.get(what)
      if (found && found.until > now()) return found.live
    }
    return reading.run(token.grant, () => read(token))
  }
}

/** Shortens the random part of a grant's key, as `shortGrant` of `oauth/grants/` does for the log. */
const shortGrant = (grant: string) => grant.slice(grant.lastIndexOf('/') + 1).slice(0, 8)
