import type { Site } from '../settings/site.ts'
import { createBlobsStore } from '../store/blobs/blobs.ts'
import type { Store } from '../store/store.ts'

/** Creates the store of a site. */
export const storeOf = ({ storeName, netlifyDev = false }: Site): Store =>
  createBlobsStore({ name: storeName, readsWithoutETag: netlifyDev, credentials: credentialsOfInvocation })

/** The credentials in the two places where the Blobs client looks for them. */
export const credentialsOfInvocation = (): unknown =>
  Reflect.get(globalThis, 'netlifyBlobsContext') || process.env.NETLIFY_BLOBS_CONTEXT
