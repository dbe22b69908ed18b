import type { Site } from '../settings/site.ts'
import type { Copy } from '../store/moving/copy.ts'
import type { Store } from '../store/store.ts'
import { blobsNamed, storeOf } from './store.ts'

/** Returns every store that the site uses: both, while records move. Throws `StoreUnavailable`. */
export async function storesOf(site: Site): Promise<readonly Store[]> {
  if (!process.env.STORE_MOVING_FROM) return [storeOf(site)]
  return (await import('./other-store.ts')).otherStores(site, blobsNamed)
}

/** Returns the copy of the move that is under way; `null` if there is none. Throws `StoreUnavailable`. */
export async function copyOf(site: Site): Promise<Copy | null> {
  const move = await (await import('./other-store.ts')).currentMove(site, blobsNamed)
  return move?.copy ?? null
}
