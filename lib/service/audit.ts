import * as v from 'valibot'
import { sha256 } from '../base/sha256.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { type AuditLog, createAuditLog } from '../people/audit/audit-log.ts'
import { makeDigests } from '../people/audit/make-digests.ts'
import { type AuditPage, type AuditQuery, auditEntries } from '../people/audit/query.ts'
import { type Verification, type VerifyOptions, verifyAudit } from '../people/audit/verify.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** The audit log of a site. Every function throws `StoreUnavailable`. */
export interface Audit extends AuditLog {
  /** Reads entries, the newest first, by time, person and action. */
  entries(query: AuditQuery, signal: AbortSignal): Promise<AuditPage>
  /** Verifies the log against its digests, and against a digest that was printed earlier. */
  verify(
    options: Pick<VerifyOptions, 'expect' | 'from' | 'onDay' | 'isEnough'>,
    signal: AbortSignal,
  ): Promise<Verification>
  /** Makes the digests that are due. Returns whether none is left. Without a secret, none can be made. */
  makeDigests(signal: AbortSignal): Promise<boolean>
}

export function composeAudit(
  { issuer, kept, secrets }: Pick<Configuration, 'issuer' | 'kept' | 'secrets'>,
  store: Store,
): Audit {
  const now = Date.now
  const issuerHash = sha256(issuer)
  return {
    ...createAuditLog({ store, log, now }),
    entries: (query, signal) => auditEntries(store, query, signal),
    verify: (options, signal) => verifyAudit({ ...options, store, issuerHash, keptDays: kept.auditDays, now }, signal),
    async makeDigests(signal) {
      if (!secrets) return false
      const sealing = createSealing(issuer, secrets)
      const sealer = { ...sealing.encrypted('audit-key', v.object({ key: v.string() })), kid: sealing.currentKid }
      return makeDigests({ store, issuerHash, sealer, now, log }, signal)
    },
  }
}
