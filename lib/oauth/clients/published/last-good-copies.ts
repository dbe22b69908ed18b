import * as v from 'valibot'
import { withDeadline } from '../../../base/deadline.ts'
import type { Log } from '../../../base/log.ts'
import { sha256 } from '../../../base/sha256.ts'
import { type Store, StoreUnavailable } from '../../../store/store.ts'
import type { Sealing } from '../../keys/sealing.ts'
import type { LastGoodCopies } from './documents.ts'

/** Seconds that a copy is good for (M-12). */
const LIFETIME = 7 * 86_400

/** Milliseconds to look for one: the fetch that failed has taken most of the request's time. */
const LOOKUP = 1_500

/** Seconds that the clock of the instance that made a copy may have been ahead of ours. */
const CLOCK_SKEW = 60

/** A copy as we sign it: `c` the client it belongs to, `d` its document, `t` when it was kept, in seconds since the epoch. */
const copySchema = v.object({ c: v.string(), d: v.unknown(), t: v.number() })

/** The collection in the store; its keys are `client-documents/<end>/<hash of the URL>`. */
export const documentCopies = 'client-documents'

/**
 * Last good copies in the store, signed: a writer of the store could otherwise pose as any publisher whose host does not
 * answer. What is not signed is no copy: those of releases before are made anew at the next sign-in. `<end>` is that of the week after the one in which the copy was made, when it is too old
 * in any case: a reader knows the two keys at which it can be, and the sweep knows what is over.
 */
export function createLastGoodCopies(options: {
  readonly store: Store
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}): LastGoodCopies {
  const { store, sealing, log } = options
  const sealer = sealing.signed('client-document', copySchema)
  const now = () => Math.floor(options.now() / 1000)
  const keyOf = (clientId: string, end: number) => `${documentCopies}/${end}/${sha256(clientId)}`
  const endOf = (keptAt: number) => (Math.floor(keptAt / LIFETIME) + 2) * LIFETIME

  return {
    async keep(clientId, document, signal) {
      const copy = sealer.seal({ c: sha256(clientId), d: document, t: now() })
      await store.put(keyOf(clientId, endOf(now())), { copy }, signal)
    },

    async find(clientId) {
      const newest = endOf(now())
      try {
        const copies = await withDeadline(LOOKUP, (signal) =>
          Promise.all([newest, newest - LIFETIME].map((end) => store.get(keyOf(clientId, end), signal))),
        )
        const opened = copies.map((stored) => {
          const sealed = stored?.value.copy
          return typeof sealed === 'string' ? sealer.open(sealed) : null
        })
        const client = sha256(clientId)
        const good = opened.find((copy) => copy?.c === client && isGood(copy.t, now()))
        if (!good) return null
        log('client_copy_used', { client })
        return good.d
      } catch (error) {
        if (error instanceof StoreUnavailable) return null
        throw error
      }
    },
  }
}

function isGood(keptAt: number, now: number): boolean {
  return keptAt + LIFETIME > now && keptAt <= now + CLOCK_SKEW
}
