import type { Store } from '../../store/store.ts'
import { readGrant } from './grants.ts'
import type { GrantKey } from './record.ts'

/** `grants/<yyyymm>/<sub>/<id>`, as `newGrantKey` makes them. */
const keyForm = /^grants\/\d{6}\/u_[\w-]{43}\/[\w-]{22}$/

/**
 * Whether a grant still stands. It was created before any token of it was signed, and is read strongly: one that is not
 * there has been removed, and has ended like one that was revoked. Throws `StoreUnavailable`.
 */
export async function isGrantLive(store: Store, key: GrantKey, signal: AbortSignal): Promise<boolean> {
  // What only looks like one must not make us take another record for a damaged grant.
  if (!keyForm.test(key)) return false
  const grant = await readGrant(store, key, signal)
  return grant !== null && grant.record.revokedAt === undefined
}
