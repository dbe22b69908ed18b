import type { Site } from '../settings/site.ts'
import { createBlobsStore } from '../store/blobs/blobs.ts'
import type { Store } from '../store/store.ts'

/** Creates the store of a site. */
export const storeOf = ({ storeName, netlifyDev = false }: Site): Store =>
  createBlobsStore({ name: storeName, readsWithoutETag: netlifyDev })
