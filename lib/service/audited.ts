import type { Connections } from '../account/connections.ts'
import type { AuditLog } from '../people/audit/audit-log.ts'
import type { Privacy } from '../people/privacy/privacy.ts'

interface PersonalActions {
  readonly connections: Connections
  readonly privacy: Privacy
}

/**
 * Returns the same functions for the pages on which people act for themselves. Each action is in the audit log before it happens: if
 * the entry cannot be written, nothing is done. Admins act through functions of their own, whose entries name the admin.
 */
export function audited(
  { connections, privacy }: PersonalActions,
  { record }: Pick<AuditLog, 'record'>,
): PersonalActions {
  return {
    connections: {
      ...connections,
      async end(sub, key, signal) {
        await record({ action: 'revocation', sub, grant: key, reason: 'ended-by-user' }, signal)
        await connections.end(sub, key, signal)
      },
    },
    privacy: {
      ...privacy,
      async endPerson(sub, reason, signal) {
        await record({ action: 'revocation', sub, reason: 'all-ended-by-user' }, signal)
        return privacy.endPerson(sub, reason, signal)
      },
      async disclose(sub, signal) {
        await record({ action: 'disclosure', sub }, signal)
        return privacy.disclose(sub, signal)
      },
      async forget(sub, signal) {
        await record({ action: 'forgetting', sub }, signal)
        return privacy.forget(sub, signal)
      },
    },
  }
}
