import { type AdminActions, createAdminActions, type DeadMessages } from '../account/admin/actions.ts'
import { createStoredBlocks, type StoredBlocks } from '../account/admin/blocks.ts'
import { createTrustedEntries, type TrustedEntries } from '../account/admin/trusted-entries.ts'
import type { Limit } from '../base/rate-limit.ts'
import { createCounter } from '../limits/counter.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { createAttempts } from '../people/attempts/attempts.ts'
import type { AuditPage, AuditQuery } from '../people/audit/query.ts'
import type { Verification, VerifyOptions } from '../people/audit/verify.ts'
import type { Privacy } from '../people/privacy/privacy.ts'
import type { Reports } from '../people/reports/reports.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { composeAudit } from './audit.ts'
import { log } from './log.ts'
import { deadMessagesOf } from './outbox.ts'
import { patienceOf } from './patience.ts'
import { reportsOf } from './reports.ts'

/** How often an admin may look up an attempt (N29). */
const traces: Limit = { limit: 120, windowSeconds: 3600 }

/** What the admin pages, their API and the command line read and do. */
export interface Admin {
  /** Make the reports once for each request: what they read of today belongs to one moment. */
  reports(): Reports
  readonly actions: AdminActions
  /** The clients that admins have blocked. `blockedBySetting` has the others. */
  readonly blocks: Pick<StoredBlocks, 'list'>
  /** The entries of `MCP_OAUTH_BLOCKED_CLIENTS`. */
  readonly blockedBySetting: readonly string[]
  /** The companies and the machines of the settings. */
  readonly trusted: Pick<TrustedEntries, 'list'>
  readonly dead: Pick<DeadMessages, 'list'>
  auditEntries(query: AuditQuery, signal: AbortSignal): Promise<AuditPage>
  /** Verifies the audit log for some seconds. `next` in the answer is where to continue. */
  verifyAudit(options: Pick<VerifyOptions, 'expect' | 'from'>, signal: AbortSignal): Promise<Verification>
  forgetting: Privacy['forgetting']
}

/** Milliseconds of one request that verifies the audit log. */
const verifyTime = 4_000

export function adminOf(
  configuration: Configuration,
  signIn: SignInSettings,
  parts: { readonly site: Site; readonly store: Store; readonly sealing: Sealing; readonly privacy: Privacy },
): Admin {
  const { site, store, sealing, privacy } = parts
  const now = Date.now
  const audit = composeAudit(configuration, store)
  const blocks = createStoredBlocks(store, now)
  const trusted = createTrustedEntries(store, configuration.trusted, now)
  const dead = deadMessagesOf(site) ?? noMessages
  const key = deriveKey(signIn.secrets.current, configuration.issuer, 'limits').bytes
  const actions = createAdminActions({
    audit,
    privacy,
    blocks,
    trusted,
    dead,
    attempts: createAttempts({ store, now, patience: patienceOf(signIn) }),
    traceLimit: createCounter({ ...traces, store, name: 'traces', key, now, log }),
    log,
  })
  const { hashes, hosts, before } = signIn.blockedClients
  return {
    reports: () => reportsOf(configuration, signIn, { site, sealing }),
    actions,
    blocks,
    trusted,
    blockedBySetting: [...hosts, ...hashes, ...(before > 0 ? [`before:${new Date(before * 1000).toISOString()}`] : [])],
    dead,
    auditEntries: audit.entries,
    verifyAudit(options, signal) {
      const until = now() + verifyTime
      return audit.verify({ ...options, isEnough: () => now() > until }, signal)
    },
    forgetting: privacy.forgetting,
  }
}

const noMessages: DeadMessages = {
  list: async () => ({ messages: [] }),
  replay: async () => false,
  replayAll: async () => 0,
}
