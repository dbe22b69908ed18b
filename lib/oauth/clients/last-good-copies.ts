import { withDeadline } from '../../deadline.ts'
import type { Log } from '../../log.ts'
import { type Store, type Stored, StoreUnavailable } from '../../store/store.ts'
import { sha256 } from '../sha256.ts'
import type { LastGoodCopies } from './metadata-documents.ts'

/** Seconds that a copy is good for (M-12). */
const LIFETIME = 7 * 86_400

/** Milliseconds to look for one: the fetch that failed has taken most of the request's time. */
const LOOKUP = 1_500

/** The collection in the store; its keys are `client-documents/<end>/<hash of the URL>`. */
export const documentCopies = 'client-documents'

/**
 * Last good copies in the store. `<end>` is that of the week after the one in which the copy was made, when it is too old
 * in any case: a reader knows the two keys at which it can be, and the sweep knows what is over.
 */
export function createLastGoodCopies(options: {
  readonly store: Store
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}): LastGoodCopies {
  const { store, log } = options
  const now = () => Math.floor(options.now() / 1000)
  const keyOf = (clientId: string, end: number) => `${documentCopies}/${end}/${sha256(clientId)}`
  const endOf = (keptAt: number) => (Math.floor(keptAt / LIFETIME) + 2) * LIFETIME

  return {
    async keep(clientId, document, signal) {
      await store.put(keyOf(clientId, endOf(now())), { document, keptAt: now() }, signal)
    },

    async find(clientId) {
      const newest = endOf(now())
      try {
        const copies = await withDeadline(LOOKUP, (signal) =>
          Promise.all([newest, newest - LIFETIME].map((end) => store.get(keyOf(clientId, end), signal))),
        )
        const good = copies.find((copy) => copy !== null && isGood(copy, now()))
        if (!good) return null
        log('client_copy_used', { client: sha256(clientId) })
        return good.value.document
      } catch (error) {
        if (error instanceof StoreUnavailable) return null
        throw error
      }
    },
  }
}

function isGood({ value }: Stored, now: number): boolean {
  return typeof value.keptAt === 'number' && value.keptAt + LIFETIME > now
}
