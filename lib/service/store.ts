import { BoundedMap } from '../base/bounded-map.ts'
import { observed } from '../base/telemetry.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { Site } from '../settings/site.ts'
import { type BlobsStore, createBlobsStore } from '../store/blobs/blobs.ts'
import type { Store } from '../store/store.ts'

/** Creates the store of a site. Only here is it decided which one that is. */
export const storeOf = (site: Site): Store => storeNamed(site, site.storeName)

/** The stores of the events of usage, one for each day. A day's store is dropped whole. */
export function eventStoresOf(site: Site): { of(day: string): BlobsStore } {
  const stores = new BoundedMap<string, BlobsStore>(4)
  return {
    of(day) {
      const known = stores.get(day) ?? storeNamed(site, `${site.storeName}-usage-${day}`)
      stores.set(day, known)
      return known
    },
  }
}

export const blobsNamed = ({ netlifyDev = false }: Site, name: string): BlobsStore =>
  createBlobsStore({ name, readsWithoutETag: netlifyDev, credentials: credentialsOfInvocation })

/**
 * Blobs, unless `STORE_BACKEND` has another word, a wrong one included, or records are moving to or from Blobs. The code that is
 * loaded then reads the settings themselves.
 */
function storeNamed(site: Site, name: string): BlobsStore {
  const { STORE_BACKEND, STORE_MOVING_FROM } = process.env
  const isOnBlobs = !STORE_MOVING_FROM && (STORE_BACKEND || 'blobs') === 'blobs'
  const store = isOnBlobs ? blobsNamed(site, name) : storeLoadedLater(site, name)
  return observed.by?.store(store) ?? store
}

/** The store of another backend, or the one of a move, whose code is loaded with its first operation. */
function storeLoadedLater(site: Site, name: string): BlobsStore {
  const load = whenNeeded(async () => (await import('./other-store.ts')).otherStore(site, name, blobsNamed))
  const operation =
    <Given extends unknown[], Result>(of: (store: BlobsStore) => (...given: Given) => Promise<Result>) =>
    async (...given: Given) =>
      of(await load())(...given)
  return {
    get: operation((store) => store.get),
    create: operation((store) => store.create),
    replace: operation((store) => store.replace),
    put: operation((store) => store.put),
    remove: operation((store) => store.remove),
    removeAll: operation((store) => store.removeAll),
    list: operation((store) => store.list),
  }
}

/** The credentials in the two places where the Blobs client looks for them. */
export const credentialsOfInvocation = (): unknown =>
  Reflect.get(globalThis, 'netlifyBlobsContext') || process.env.NETLIFY_BLOBS_CONTEXT
