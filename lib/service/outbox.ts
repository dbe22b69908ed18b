import { readFence } from '../oauth/grants/fence.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { isHeldForCapture, runCapture } from '../people/outbox/capture.ts'
import { type DeadMessage, listDead, replay, replayAll, sealDeadAnew } from '../people/outbox/dead.ts'
import { createOutbox, webhookReceiver } from '../people/outbox/outbox.ts'
import { runWebhooks } from '../people/outbox/run.ts'
import { enqueueWeeklySummaries } from '../people/outbox/weekly.ts'
import { peopleBeingForgotten } from '../people/usage/forgotten.ts'
import type { Day } from '../people/usage/time.ts'
import { readConfiguration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { log } from './log.ts'
import { outboxSeals } from './outbox-seals.ts'
import { eventStoresOf, storeOf } from './store.ts'
import { pseudonymsOf } from './usage-parts.ts'

/**
 * Sends what is waiting for the CRM, and usage to the service that takes it. The scheduled function calls it. A run takes about
 * 12 seconds at most, and the next continues where this one stopped. No receiver waits for another. Never throws: a failure
 * is logged.
 */
export async function runOutbox(site: Site, signal: AbortSignal): Promise<void> {
  const parts = outboxOf(site)
  if (!parts) return
  const jobs = [sendToCrm(parts, signal), enqueueSummaries(parts, signal), sendUsage(parts, signal)]
  for (const outcome of await Promise.allSettled(jobs)) {
    if (outcome.status === 'rejected') log('outbox_failed', { error: String(outcome.reason) })
  }
}

type Parts = NonNullable<ReturnType<typeof outboxOf>>

async function sendToCrm(parts: Parts, signal: AbortSignal): Promise<void> {
  const isForgetting = async (sub: string) => (await readFence(parts.store, sub, signal))?.forgetting === true
  const run = await runWebhooks({ ...parts, isForgetting }, signal)
  if (run.delivered + run.failed + run.dead + run.unreadable > 0) log('outbox_run', { ...run })
}

async function enqueueSummaries(parts: Parts, signal: AbortSignal): Promise<void> {
  const { webhook } = parts
  if (!webhook?.events.has('company.weekly_summary')) return
  await enqueueWeeklySummaries({ ...parts, outbox: createOutbox({ ...parts, webhook }) }, signal)
}

async function sendUsage(parts: Parts, signal: AbortSignal): Promise<void> {
  const { target } = parts
  if (!target) return
  const run = await runCapture({ ...parts, target }, signal)
  if (run.sent > 0) log('capture_run', run)
}

/** Whether the events of a day must stay for now, because the service that takes usage has not got them all. */
export function heldForCapture(site: Site): ((day: Day, signal: AbortSignal) => Promise<boolean>) | undefined {
  const parts = outboxOf(site)
  const target = parts?.target
  return target && ((day, signal) => isHeldForCapture({ ...parts, target }, day, signal))
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

/** Seals dead messages under the current secret while a previous one is configured. A failure is logged. */
export async function sealDeadMessagesAnew(site: Site, signal: AbortSignal): Promise<void> {
  const { signIn } = readConfiguration(process.env, site)
  const parts = signIn && signIn.secrets.previous.length > 0 ? outboxOf(site) : null
  if (!parts) return
  await sealDeadAnew(parts, signal).catch((error: unknown) => log('outbox_failed', { error: String(error) }))
}

function outboxOf(site: Site) {
  const { issuer, signIn, telling } = readConfiguration(process.env, site)
  if (!signIn) return null
  const { webhook, capture } = signIn.receivers
  const sealing = createSealing(issuer, signIn.secrets)
  const store = storeOf(site)
  return {
    store,
    ...outboxSeals(sealing),
    webhook: telling === 'none' ? undefined : webhook,
    target: telling === 'none' ? undefined : capture,
    preview: telling === 'as a preview' ? issuer : undefined,
    events: eventStoresOf(site),
    pseudonyms: pseudonymsOf(site, sealing),
    beingForgotten: (signal: AbortSignal) => peopleBeingForgotten(store, signal),
    now: Date.now,
    log,
  }
}
