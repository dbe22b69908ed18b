import type { Store } from '../../store/store.ts'
import { readGrant } from './grants.ts'
import type { GrantKey } from './record.ts'

/** `grants/<yyyymm>/<sub>/<id>`, as `newGrantKey` makes them. */
const keyForm = /^grants\/\d{6}\/u_[\w-]{43}\/[\w-]{22}$/

/**
 * Whether a grant still stands, by a strong read. `ended` is final. `absent`: the sweep has removed it, and it has ended
 * like one that was revoked, since it was created before any token of it was signed; but a store that says so once may
 * be wrong. Throws `StoreUnavailable`.
 */
export async function grantStatus(
  store: Store,
  key: GrantKey,
  signal: AbortSignal,
): Promise<'live' | 'ended' | 'absent'> {
  // What only looks like one must not make us take another record for a damaged grant.
  if (!keyForm.test(key)) return 'ended'
  const grant = await readGrant(store, key, signal)
  if (grant === null) return 'absent'
  return grant.record.revokedAt === undefined ? 'live' : 'ended'
}
