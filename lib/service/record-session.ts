import { withDeadline } from '../base/deadline.ts'
import { readFence } from '../oauth/grants/fence.ts'
import { createAuditLog, writingTime } from '../people/audit/audit-log.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/**
 * Records the session of a browser in the audit log. The entry gives a new person a pseudonym, so that what an admin does later
 * has an actor. A person who is being forgotten gets none: it would outlive them. Throws `StoreUnavailable`.
 */
export async function recordSession(store: Store, sub: string): Promise<void> {
  const fence = await withDeadline(writingTime, (signal) => readFence(store, sub, signal))
  if (fence?.forgetting) return
  await createAuditLog({ store, log, now: Date.now }).recordLater({ action: 'sign-in', sub, reason: 'session' })
}
