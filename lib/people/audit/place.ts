import type { Store } from '../../store/store.ts'
import type { HeldRecord, Place } from '../privacy/place.ts'
import { auditEntries } from './query.ts'
import { saltKey } from './salts.ts'

/**
 * What the audit log says about a person. Forgetting removes the person's salt: the entries stay, and nothing connects them with the
 * person any more.
 */
export function auditPlace(options: {
  readonly store: Store
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly keptDays: number
}): Place {
  const { store, now, keptDays } = options
  return {
    keys: 'audit-salts/<sub>, audit/<yyyymmdd>/<hh>/<time>.<action>.<person>.<hash>, audit-people/<yyyymmdd>/<person>/…',
    name: 'audit',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      const range = { from: now() - keptDays * 86_400_000, to: now() + 1, sub }
      let cursor: string | undefined
      do {
        const page = await auditEntries(store, { ...range, ...(cursor !== undefined && { cursor }) }, signal)
        for (const entry of page.entries) yield { key: `audit ${new Date(entry.at).toISOString()}`, value: entry }
        cursor = page.next
      } while (cursor !== undefined)
    },
    forget: (sub, signal) => store.remove(saltKey(sub), signal),
  }
}
