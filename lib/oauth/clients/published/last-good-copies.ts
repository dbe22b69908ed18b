import * as v from 'valibot'
import { withDeadline } from '../../../base/deadline.ts'
import type { Log } from '../../../base/log.ts'
import { sha256 } from '../../../base/sha256.ts'
import { type Store, StoreUnavailable } from '../../../store/store.ts'
import type { Sealing } from '../../keys/sealing.ts'

/** Seconds for which a copy is good (M-12). */
const LIFETIME = 7 * 86_400

/** Milliseconds to look for a copy. The failed fetch has taken most of the request's time. */
const LOOKUP = 1_500

/** Seconds that the clock of the instance that made a copy may be ahead of this one. */
const CLOCK_SKEW = 60

/** `keptAt` in seconds since the epoch. */
const copySchema = v.object({ clientHash: v.string(), document: v.unknown(), keptAt: v.number() })
const names = { clientHash: 'c', document: 'd', keptAt: 't' }

/** The collection in the store. Its keys are `client-documents/<end>/<hash of the URL>`. */
export const documentCopies = 'client-documents'

/** Copies of the documents of clients that completed a sign-in, for when a document cannot be fetched (M-12). */
export type LastGoodCopies = ReturnType<typeof createLastGoodCopies>

/**
 * Keeps the last good copies in the store. They are signed: an attacker who can write to the store could otherwise pose as a
 * publisher whose host does not answer. Unsigned copies of earlier releases are ignored, and replaced at the next sign-in.
 * `<end>` is the end of the week after the week in which the copy was made, when the copy is too old in any case. So a reader
 * knows the two keys that a copy can have, and the sweep knows which copies are over.
 */
export function createLastGoodCopies(options: {
  readonly store: Store
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}) {
  const { store, sealing, log } = options
  const sealer = sealing.signed('client-document', copySchema, { names })
  const now = () => Math.floor(options.now() / 1000)
  const keyOf = (clientId: string, end: number) => `${documentCopies}/${end}/${sha256(clientId)}`
  const endOf = (keptAt: number) => (Math.floor(keptAt / LIFETIME) + 2) * LIFETIME

  return {
    /** Throws `StoreUnavailable`. */
    async keep(clientId: string, document: unknown, signal: AbortSignal): Promise<void> {
      const copy = sealer.seal({ clientHash: sha256(clientId), document, keptAt: now() })
      await store.put(keyOf(clientId, endOf(now())), { copy }, signal)
    },

    /** Returns a copy from the last seven days. Returns `null` if there is none, or if the store does not answer. */
    async find(clientId: string): Promise<unknown> {
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
        const good = opened.find((copy) => copy?.clientHash === client && isGood(copy.keptAt, now()))
        if (!good) return null
        log('client_copy_used', { client })
        return good.document
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
