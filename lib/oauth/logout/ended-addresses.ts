import { dayOf } from '../../base/days.ts'
import type { Store } from '../../store/store.ts'
import { clockMargin } from '../grants/fence.ts'
import type { Grant, Grants } from '../grants/grants.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { AuthorizationCode } from '../token/authorization-code.ts'
import { readTimes, writeLatest } from './latest.ts'

/**
 * The collection of email addresses whose people were ended: `ended-addresses/<yyyymmdd>/<keyed hash>`. It stops a person who is in
 * the middle of a first sign-in, whom no other record knows yet.
 */
export const endedAddresses = 'ended-addresses'

type OfCode = Pick<AuthorizationCode, 'person' | 'approvedAt' | 'grant'>

/** The people with an address, before this server knows who they are. Every function throws `StoreUnavailable`. */
export interface EndedAddresses {
  /**
   * @param at milliseconds since the epoch
   * @param provider the name of the provider whose people are meant. `undefined`: the default one
   */
  end(email: string, provider: string | undefined, at: number, signal: AbortSignal): Promise<void>
  /** Whether people with the address of this sign-in were ended after it was approved. It may be that of a browser session, too. */
  hasEnded(signIn: Pick<OfCode, 'person' | 'approvedAt'>, signal: AbortSignal): Promise<boolean>
  /**
   * Ends the grant of such a sign-in. Call it once the sign-in is recorded: a revocation finds people by that record, and one that
   * came just before has missed this grant, as the exchange of the code has missed the revocation.
   */
  endIfMissed(code: OfCode, grant: Grant, grants: Pick<Grants, 'revoke'>, signal: AbortSignal): Promise<void>
}

/** Milliseconds from an approval to the exchange of its code, with room for clocks that differ. */
const longestSignIn = 2 * 3_600_000

/** @param now milliseconds since the epoch */
export function createEndedAddresses(
  store: Store,
  sealing: Pick<Sealing, 'secrets'>,
  now: () => number,
): EndedAddresses {
  // A reader of the store learns no address. After a change of the secret, the addresses of the two hours before are not found.
  const hashes = sealing.secrets('ended-addresses')
  const keyOf = (time: number, email: string, provider: string | undefined) => {
    const address = email.trim().toLowerCase()
    // An address has no line break.
    return `${endedAddresses}/${dayOf(time)}/${hashes.of(provider === undefined ? address : `${provider}\n${address}`)}`
  }

  const addresses: EndedAddresses = {
    end: (email, provider, at, signal) => writeLatest(store, keyOf(now(), email, provider), at, signal),

    async hasEnded({ person: { email, provider }, approvedAt = 0 }, signal) {
      if (email === undefined) return false
      // A code and a session are less than a day old.
      const since = approvedAt === 0 ? now() - longestSignIn : approvedAt * 1000 - clockMargin
      const keys = new Set([since, now()].map((time) => keyOf(time, email, provider)))
      return (await readTimes(store, [...keys], signal)).some((at) => approvedAt * 1000 <= at + clockMargin)
    },

    async endIfMissed(code, grant, grants, signal) {
      if (await addresses.hasEnded(code, signal)) await grants.revoke(code.grant, 'person_ended', signal, grant)
    },
  }
  return addresses
}
