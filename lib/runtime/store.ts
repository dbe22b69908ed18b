import { createBlobsStore } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import type { Site } from './site.ts'

/** The store of a site. */
export const storeOf = ({ storeName, netlifyDev = false }: Site): Store =>
  createBlobsStore({ name: storeName, readsWithoutETag: netlifyDev })
