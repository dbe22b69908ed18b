import type { Store } from '../../store/store.ts'
import type { GrantKey } from '../grants/record.ts'

/** The keys `vault-due/<when to look, in seconds>/<yyyymm>/<sub>/<id>`: grants whose record in the vault may have to go. */
export const duePrefix = 'vault-due/'

/** Notes that a grant has ended, or may never begin. `at` is in seconds since the epoch. Throws `StoreUnavailable`. */
export function noteDue(store: Store, grant: GrantKey, at: number, signal: AbortSignal): Promise<void> {
  return store.put(`${duePrefix}${Math.ceil(at)}/${grant.slice('grants/'.length)}`, {}, signal)
}
