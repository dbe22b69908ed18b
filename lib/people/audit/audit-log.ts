import { randomBytes } from 'node:crypto'
import { BoundedMap } from '../../base/bounded-map.ts'
import { withDeadline } from '../../base/deadline.ts'
import { defined } from '../../base/defined.ts'
import type { Log } from '../../base/log.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { type AuditEntry, type EntryValue, entryKey, keyByPerson } from './entry.ts'
import { createAuditNames } from './salts.ts'

/** Writes the audit log. Nothing in it is ever changed: each entry is written by `create`, and a digest of its day covers it. */
export interface AuditLog {
  /**
   * Writes an entry, and resolves once it stands. For what an admin does: await it before the action, so that no action goes
   * unrecorded. Throws `StoreUnavailable`.
   */
  record(entry: AuditEntry, signal: AbortSignal): Promise<void>
  /**
   * Writes an entry after the answer. Never throws: an entry that cannot be written is logged whole as `audit_entry_lost`. A refusal
   * that repeats is written once an hour for each grant.
   */
  recordLater(entry: AuditEntry): Promise<void>
}

export interface AuditLogOptions {
  readonly store: Pick<Store, 'get' | 'create' | 'put'>
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Milliseconds. An entry belongs to the moment when writing it began, so its day must not be digested while it is written. */
export const writingTime = 8_000
/** Refusals that an instance remembers. */
const mostRemembered = 2_000
const hour = 3_600_000

export function createAuditLog({ store, log, now }: AuditLogOptions): AuditLog {
  const names = createAuditNames(store)
  const refused = new BoundedMap<string, number>(mostRemembered)

  async function write({ action, sub, actor, ...facts }: AuditEntry, signal: AbortSignal): Promise<void> {
    const naming = action === 'sign-in' ? names.nameNew : names.name
    const [person, by] = await Promise.all([
      sub === undefined ? undefined : naming(sub, signal),
      actor === undefined || actor.startsWith('token') ? actor : names.name(actor, signal),
    ])
    const grant = facts.grant?.slice(facts.grant.lastIndexOf('/') + 1).slice(0, 8)
    const value: EntryValue = { ...defined({ ...facts, grant, actor: by }), id: randomBytes(12).toString('base64url') }
    const key = entryKey(now(), action, person, value)
    const index = person === undefined ? undefined : store.put(keyByPerson(key, person), {}, signal)
    // A repeated `create` that finds its own record has done its work: the key names the content.
    await Promise.all([store.create(key, value, signal), index])
  }

  /** Whether a refusal was written within the hour. */
  function isRepeated({ action, grant, sub, reason }: AuditEntry): boolean {
    if (action !== 'refusal') return false
    const what = `${grant ?? sub} ${reason}`
    if ((refused.get(what) ?? 0) > now() - hour) return true
    refused.set(what, now())
    return false
  }

  const record: AuditLog['record'] = (entry, signal) =>
    withDeadline(writingTime, (inTime) => write(entry, inTime), signal)

  return {
    record,
    async recordLater(entry) {
      if (isRepeated(entry)) return
      try {
        await withDeadline(writingTime, (signal) => write(entry, signal))
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error
        const { grant: _, ...rest } = entry
        log('audit_entry_lost', { ...rest, error: error.message })
      }
    },
  }
}
