import type { Store } from '../../store/store.ts'
import { readGrant } from './read-grant.ts'
import type { GrantKey } from './record.ts'

/** The form of a key that `newGrantKey` makes: `grants/<yyyymm>/<sub>/<id>`. */
const keyForm = /^grants\/\d{6}\/u_[\w-]{43}\/[\w-]{22}$/

/**
 * Reads strongly whether a grant is live. `ended` is final. `absent` means that the sweep has removed the record, so the grant
 * has ended, because a record is created before any token of it. But a store that says so may be wrong once. Throws
 * `StoreUnavailable`.
 */
export async function grantStatus(
  store: Store,
  key: GrantKey,
  signal: AbortSignal,
): Promise<'live' | 'ended' | 'absent'> {
  // With a malformed key, another kind of record could be read as a damaged grant.
  if (!keyForm.test(key)) return 'ended'
  const grant = await readGrant(store, key, signal)
  if (grant === null) return 'absent'
  return grant.record.revokedAt === undefined ? 'live' : 'ended'
}
