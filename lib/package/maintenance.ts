import { dayBefore } from '../base/days.ts'
import { withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { spentProofs } from '../dpop/spend.ts'
import { sweepDays, sweepEnded } from '../limits/sweep.ts'
import { assertionIds } from '../oauth/client-authentication/assertion-ids.ts'
import { documentCopies } from '../oauth/clients/published/last-good-copies.ts'
import { createGrants } from '../oauth/grants/grants.ts'
import { createPersonEnd } from '../oauth/grants/person-end.ts'
import { sweepGrants } from '../oauth/grants/sweep.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { rotateSigningKeys } from '../oauth/keys/signing-key-rotation.ts'
import { endedAddresses } from '../oauth/logout/ended-addresses.ts'
import { createPrivacy } from '../people/privacy/privacy.ts'
import type { Store } from '../store/store.ts'

/** What a run of the maintenance did. */
export interface Maintained {
  /** How many records it removed. */
  readonly removed: number
  /** Whether it reached all that have expired. */
  readonly finished: boolean
}

export interface MaintenanceOptions {
  readonly issuer: string
  readonly store: Store
  readonly sealing: Sealing
  /** Seconds. */
  readonly lifetimes: { readonly accessToken: number; readonly grace: number }
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Milliseconds. */
const runTime = 20_000
const endTime = 8_000
/** Seconds for a sign-in that is under way, and for clocks that differ. */
const fenceMargin = 1200

/** Removes what has expired, and rotates the signing keys. Throws `StoreUnavailable`, and `UnreadableSigningKey`. */
export async function maintain(options: MaintenanceOptions): Promise<Maintained> {
  const { store, log } = options
  const now = options.now()
  return withDeadline(runTime, async (signal) => {
    const [, , ...sweeps] = await Promise.all([
      rotateSigningKeys(options, signal),
      privacyOf(options).runJobs(signal),
      sweepGrants(store, now, signal),
      sweepDays(store, endedAddresses, dayBefore(now, 1), signal),
      ...['limits', assertionIds, spentProofs, documentCopies].map((collection) =>
        sweepEnded(store, collection, now, signal),
      ),
    ])
    const maintained = {
      removed: sweeps.reduce((sum, { removed }) => sum + removed, 0),
      finished: sweeps.every(({ finished }) => finished),
    }
    log('swept', maintained)
    return maintained
  })
}

/** Ends everything that a person has allowed. Returns how many grants have ended. Throws `StoreUnavailable`. */
export const personEnd = (options: MaintenanceOptions, sub: string): Promise<number> =>
  withDeadline(endTime, async (signal) => (await privacyOf(options).endPerson(sub, 'ended_by_host', signal)).grants)

function privacyOf({ store, lifetimes, now, log }: MaintenanceOptions) {
  const grants = createGrants({ store, now, grace: lifetimes.grace, log })
  const end = createPersonEnd({ store, grants, now, fenceLifetime: lifetimes.accessToken + fenceMargin })
  // The host keeps what it knows of people, if anything.
  return createPrivacy({ store, places: [], end, now, log })
}
