import { readAttemptCode } from '../../base/attempt-code.ts'
import type { Log } from '../../base/log.ts'
import type { Counter } from '../../limits/counter.ts'
import type { Attempts } from '../../people/attempts/attempts.ts'
import type { AttemptStory } from '../../people/attempts/story.ts'
import type { DeadMessage } from '../../people/outbox/dead.ts'
import type { Disclosure, Ended, Privacy } from '../../people/privacy/privacy.ts'
import type { StoredBlocks } from './blocks.ts'
import type { EntryKind, TrustedEntries } from './trusted-entries.ts'

/**
 * Names the actor: this server's own id of the admin, or `token` and the beginning of the SHA-256 of a token of `MCP_ADMIN_TOKEN`
 * or `MCP_ADMIN_WRITE_TOKEN`.
 */
export type Actor = string

/** One action of an admin as the audit log takes it: what was done, by whom, and to whom or what. */
interface AuditedAction {
  readonly action: `admin-${string}`
  readonly actor: Actor
  readonly sub?: string
  readonly client?: string
  readonly attempt?: string
  readonly detail?: string
}

/** What admins export, as the audit log names it. */
export type ExportName = 'usage' | 'people' | 'companies' | 'audit'

/**
 * The actions of admins, for the pages, the API and the command line. Each action is written to the audit log before it begins.
 * Every function throws `StoreUnavailable`. The caller can then repeat the action.
 */
export interface AdminActions {
  /** Ends every grant and browser session of a person. The person may sign in again. */
  endPerson(actor: Actor, sub: string, signal: AbortSignal): Promise<Ended>
  /** Ends everything of the person as `endPerson` does, and starts a job that removes all data about them. */
  forget(actor: Actor, sub: string, signal: AbortSignal): Promise<Ended>
  disclose(actor: Actor, sub: string, signal: AbortSignal): Promise<Disclosure>
  /** Ends the tokens of a company or of a machine. Returns false if the settings have none of this name. */
  endEntry(actor: Actor, kind: EntryKind, name: string, signal: AbortSignal): Promise<boolean>
  /** Blocks a client. Takes effect on every instance within a minute. Returns false if it was blocked before. */
  block(actor: Actor, block: { readonly entry: string; readonly note?: string }, signal: AbortSignal): Promise<boolean>
  /** Takes back a block of an admin. Returns false if there was none. A client that the setting blocks stays blocked. */
  unblock(actor: Actor, entry: string, signal: AbortSignal): Promise<boolean>
  /** Puts a dead message back into the outbox. Returns whether there was one with this id. */
  replay(actor: Actor, id: string, signal: AbortSignal): Promise<boolean>
  /** Puts all dead messages back. Returns how many. */
  replayAll(actor: Actor, signal: AbortSignal): Promise<number>
  /** Tells the story of an attempt (N29). `limited`: this actor has asked too often. */
  trace(actor: Actor, code: string, signal: AbortSignal): Promise<AttemptStory | null | 'limited'>
  /** Records an export. Call it before the first row is read. */
  recordExport(actor: Actor, name: ExportName, detail: string, signal: AbortSignal): Promise<void>
}

/** The dead messages, and the actions on them. `lib/service/outbox.ts` implements it. */
export interface DeadMessages {
  list(
    signal: AbortSignal,
    cursor?: string,
  ): Promise<{ readonly messages: readonly DeadMessage[]; readonly next?: string }>
  replay(id: string, signal: AbortSignal): Promise<boolean>
  replayAll(signal: AbortSignal): Promise<number>
}

export interface AdminActionsOptions {
  /** Resolves once the entry is written. */
  readonly audit: { record(action: AuditedAction, signal: AbortSignal): Promise<void> }
  readonly privacy: Pick<Privacy, 'endPerson' | 'forget' | 'disclose'>
  readonly blocks: Pick<StoredBlocks, 'add' | 'remove'>
  readonly trusted: Pick<TrustedEntries, 'has' | 'end'>
  readonly dead: Pick<DeadMessages, 'replay' | 'replayAll'>
  readonly attempts: Pick<Attempts, 'readAttempt'>
  /** How often an actor may ask for a trace. */
  readonly traceLimit: Pick<Counter, 'hit'>
  readonly log: Log
}

export function createAdminActions(options: AdminActionsOptions): AdminActions {
  const { audit, privacy, blocks, trusted, dead, attempts, traceLimit, log } = options

  /** Writes the audit entry, does the action, and logs it. */
  async function act<T>(action: AuditedAction, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await audit.record(action, signal)
    const result = await work()
    log('admin_action', { ...action })
    return result
  }

  return {
    endPerson: (actor, sub, signal) =>
      act({ action: 'admin-end', actor, sub }, signal, () => privacy.endPerson(sub, 'ended_by_admin', signal)),
    forget: (actor, sub, signal) =>
      act({ action: 'admin-forget', actor, sub }, signal, () => privacy.forget(sub, signal)),
    disclose: (actor, sub, signal) =>
      act({ action: 'admin-disclose', actor, sub }, signal, () => privacy.disclose(sub, signal)),
    async endEntry(actor, kind, name, signal) {
      if (!trusted.has(kind, name)) return false
      await act({ action: `admin-end-${kind}`, actor, detail: name }, signal, () => trusted.end(kind, name, signal))
      return true
    },
    block: (actor, block, signal) =>
      act({ action: 'admin-block', actor, detail: block.entry }, signal, () => blocks.add(block, signal)),
    unblock: (actor, entry, signal) =>
      act({ action: 'admin-unblock', actor, detail: entry }, signal, () => blocks.remove(entry, signal)),
    replay: (actor, id, signal) =>
      act({ action: 'admin-replay', actor, detail: id }, signal, () => dead.replay(id, signal)),
    replayAll: (actor, signal) =>
      act({ action: 'admin-replay', actor, detail: 'all' }, signal, () => dead.replayAll(signal)),
    async trace(actor, text, signal) {
      const attempt = readAttemptCode(text)
      if (attempt === null) return null
      if ((await traceLimit.hit(actor, signal))?.limited) return 'limited'
      return act({ action: 'admin-trace', actor, attempt }, signal, () => attempts.readAttempt(attempt, signal))
    },
    recordExport: (actor, name, detail, signal) =>
      act({ action: 'admin-export', actor, detail: `${name} ${detail}` }, signal, async () => undefined),
  }
}
