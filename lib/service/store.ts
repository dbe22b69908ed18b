import { BoundedMap } from '../base/bounded-map.ts'
import type { Site } from '../settings/site.ts'
import { type BlobsStore, createBlobsStore } from '../store/blobs/blobs.ts'
import type { Store } from '../store/store.ts'

/** Creates the store of a site. */
export const storeOf = (site: Site): Store => blobsStore(site, site.storeName)

/** The stores of the events of usage, one for each day. A day's store is dropped whole. */
export function eventStoresOf(site: Site): { of(day: string): BlobsStore } {
  const stores = new BoundedMap<string, BlobsStore>(4)
  return {
    of(day) {
      const known = stores.get(day) ?? blobsStore(site, `${site.storeName}-usage-${day}`)
      stores.set(day, known)
      return known
    },
  }
}

const blobsStore = ({ netlifyDev = false }: Site, name: string) =>
  createBlobsStore({ name, readsWithoutETag: netlifyDev, credentials: credentialsOfInvocation })

/** The credentials in the two places where the Blobs client looks for them. */
export const credentialsOfInvocation = (): unknown =>
  Reflect.get(globalThis, 'netlifyBlobsContext') || process.env.NETLIFY_BLOBS_CONTEXT
