import { BoundedMap } from '../base/bounded-map.ts'
import { withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { createSingleFlight } from '../base/single-flight.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { AccessToken } from './bearer.ts'

/**
 * Whether a grant still stands, by a strong read. `ended`: it has been revoked, which is final. `absent`: the store has
 * none. Throws `StoreUnavailable`.
 */
export type ReadGrantStatus = (grant: string, signal: AbortSignal) => Promise<'live' | 'ended' | 'absent'>

/**
 * Whether the grant of a verified token still stands (S-07), known for at most 60 s: within that time a revocation has
 * reached every instance. One read for however many requests of a grant arrive meanwhile. When the store does not answer
 * in a second, a token that is valid otherwise passes: an outage must not sign everybody out. A grant that is not there
 * is refused, but looked for again soon, and at once for the next token: one wrong answer must not sign anybody out.
 */
export type GrantCheck = (token: AccessToken) => Promise<boolean>

/** Milliseconds. */
const liveFor = 60_000
const readTimeout = 1_000
/** Milliseconds until a store that did not answer is asked again about the same grant. */
const unknownFor = 5_000
/** Milliseconds until a store that has no such grant is asked again for the same token. */
const absentFor = 5_000
/** Grants that an instance remembers; what it forgets it reads again. */
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
  /** By grant, or by token where a grant was not there. The least recently read first. */
  const known = new BoundedMap<string, Known>(mostRemembered)
  const reading = createSingleFlight<boolean>()

  function remember(what: string, learned: Known): boolean {
    known.set(what, learned)
    return learned.live
  }

  /** No single request's signal may end a read that others wait for. */
  async function read({ grant, jti, expiresAt }: AccessToken): Promise<boolean> {
    // From the beginning of the read: what it finds may be as old as that.
    const began = now()
    try {
      switch (await withDeadline(readTimeout, (signal) => grantStatus(grant, signal))) {
        case 'live':
          return remember(grant, { live: true, until: began + liveFor })
        case 'ended':
          // An ended grant stays ended: until the token expires nobody has to ask again.
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

/** The random part of the key, shortened as everywhere in the log. */
const shortGrant = (grant: string) => grant.slice(grant.lastIndexOf('/') + 1).slice(0, 8)
