import { readFence } from '../oauth/grants/fence.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { type DeadMessage, listDead, replay, replayAll } from '../people/outbox/dead.ts'
import { webhookReceiver } from '../people/outbox/outbox.ts'
import { runWebhooks } from '../people/outbox/run.ts'
import { readConfiguration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { log } from './log.ts'
import { outboxSeals } from './outbox-seals.ts'
import { storeOf } from './store.ts'

/**
 * Sends what is waiting for the CRM. The scheduled function calls it, on production only. A run takes about 13 seconds at
 * most, and the next continues where this one stopped. Never throws: a failure is logged.
 */
export async function runOutbox(site: Site, signal: AbortSignal): Promise<void> {
  const parts = outboxOf(site)
  if (!parts) return
  try {
    const isForgetting = async (sub: string) => (await readFence(parts.store, sub, signal))?.forgetting === true
    const run = await runWebhooks({ ...parts, isForgetting }, signal)
    if (run.delivered + run.failed + run.dead + run.unreadable > 0) log('outbox_run', { ...run })
  } catch (error) {
    log('outbox_failed', { error: String(error) })
  }
}

/** What operators see and do about messages that could not be delivered. Every function throws `StoreUnavailable`. */
export interface DeadMessages {
  /** A page of the dead messages, the oldest first. Pass `next` to get the next page. */
  list(
    signal: AbortSignal,
    cursor?: string,
  ): Promise<{ readonly messages: readonly DeadMessage[]; readonly next?: string }>
  /** Puts a dead message back into the outbox. Returns whether there was one with this id. */
  replay(id: string, signal: AbortSignal): Promise<boolean>
  /** Puts all of them back. Returns how many. */
  replayAll(signal: AbortSignal): Promise<number>
}

/** `null` while sign-in is out of service: there is no secret that opens the messages. */
export function deadMessagesOf(site: Site): DeadMessages | null {
  const parts = outboxOf(site)
  if (!parts) return null
  /** The operator wants to send again, whatever the receiver said before. */
  const resume = async (signal: AbortSignal) => {
    const { webhook } = parts
    if (webhook) await webhookReceiver({ ...parts, webhook }).change({ gone: false, pausedUntil: 0 }, signal)
  }
  return {
    list: (signal, cursor) => listDead(parts, signal, cursor),
    async replay(id, signal) {
      const found = await replay(parts, id, signal)
      if (found) await resume(signal)
      return found
    },
    async replayAll(signal) {
      const count = await replayAll(parts, signal)
      await resume(signal)
      return count
    },
  }
}

function outboxOf(site: Site) {
  const { issuer, signIn, telling } = readConfiguration(process.env, site)
  if (!signIn) return null
  return {
    store: storeOf(site),
    ...outboxSeals(createSealing(issuer, signIn.secrets)),
    webhook: telling === 'none' ? undefined : signIn.receivers.webhook,
    now: Date.now,
    log,
  }
}
