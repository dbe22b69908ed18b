import type { StoreValue } from '../../store/store.ts'
import { bury } from './dead.ts'
import { type OutboxRecord, openRecord, outboxCollection, readWaitingKey, type Waiting, waitingKey } from './message.ts'
import { heed, logFailure, type OutboxOptions, send, webhookReceiver } from './outbox.ts'
import type { Outcome } from './post.ts'
import type { Receiver, ReceiverState } from './receiver.ts'
import { nextDue } from './schedule.ts'

export interface RunOptions extends Omit<OutboxOptions, 'webhook'> {
  /** Absent: no CRM is told any more. Messages wait until they are given up. */
  readonly webhook?: OutboxOptions['webhook'] | undefined
  /** From 0 to 1. */
  readonly random?: () => number
  /** Whether a person is being forgotten: nothing more is sent about them. */
  readonly isForgetting?: ((person: string, signal: AbortSignal) => Promise<boolean>) | undefined
  /** Milliseconds in which a run begins deliveries. Default 7000. It ends one `timeout` later at the latest. */
  readonly share?: number
}

/** What a run did. */
export interface OutboxRun {
  delivered: number
  failed: number
  /** Messages that were given up. */
  dead: number
  /** Records that this service did not make, or that it cannot open with its secrets. Nothing of them is sent. */
  unreadable: number
  /** Whether every message that was due has been tried. */
  finished: boolean
}

/** Messages that are sent at the same moment. A receiver that has answered well gets more at once. */
const mostAtOnce = 16
/** How many attempts in a row may find the receiver down before a run leaves the rest for the next. */
const patience = 3
/** Seconds. Longer than any run takes, and shorter than the time between two runs. */
const lease = 60

/**
 * Sends the messages that are due, the oldest first. A message that fails is due again later. Three days after the event it
 * is dead. Two runs never send at the same time. A run that is killed leaves every message where it was, or in two places:
 * then the receiver gets it again, with the same id.
 *
 * Throws `StoreUnavailable`.
 */
export async function runWebhooks(options: RunOptions, signal: AbortSignal): Promise<OutboxRun> {
  const run: OutboxRun = { delivered: 0, failed: 0, dead: 0, unreadable: 0, finished: false }
  const { webhook, now, share = 7000 } = options
  const end = now() + share
  const seconds = Math.floor(now() / 1000)
  const receiver = webhook && webhookReceiver({ ...options, webhook })
  const state = await receiver?.lease(seconds, seconds + lease, signal)
  // Another run has the receiver.
  if (state === null) return run
  try {
    const delivery = webhook && receiver && state && canSend(state, seconds) ? { webhook, receiver } : undefined
    await createWalk(options, run, delivery, end).walk(signal)
  } finally {
    // A lease that cannot be given back ends by itself.
    await receiver?.change({ leasedUntil: 0 }, signal).catch(() => undefined)
  }
  return run
}

const canSend = ({ gone, pausedUntil }: ReceiverState, now: number) => !gone && pausedUntil <= now

type Delivery = { readonly webhook: OutboxOptions['webhook']; readonly receiver: Receiver }

function createWalk(options: RunOptions, run: OutboxRun, delivery: Delivery | undefined, end: number) {
  const { store, seal, now, log, random = Math.random, isForgetting } = options
  const seconds = () => Math.floor(now() / 1000)
  /** Whether messages may still be sent in this run. */
  let open = delivery !== undefined
  let atOnce = 1
  let failuresInARow = 0

  async function walk(signal: AbortSignal): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await store.list(`${outboxCollection}/`, signal, cursor)
      const waiting = page.keys.map((key) => ({ key, ...readWaitingKey(key) }))
      const due = waiting.filter((message) => message.due === undefined || message.due <= seconds())
      if (!(await work(due, signal))) return
      cursor = due.length < waiting.length ? undefined : page.next
    } while (cursor !== undefined)
    run.finished = open
  }

  /** Works through the messages of one page. Returns `false` if the time is over. */
  async function work(
    due: readonly ({ readonly key: string } & Partial<Waiting>)[],
    signal: AbortSignal,
  ): Promise<boolean> {
    let left = due
    while (left.length > 0) {
      if (now() >= end) return false
      // Without a receiver, only messages whose time is over need work.
      if (!open) left = left.filter(({ giveUpAt = 0 }) => giveUpAt <= seconds())
      const batch = left.slice(0, open ? atOnce : mostAtOnce)
      left = left.slice(batch.length)
      const outcomes = await Promise.all(batch.map(({ key, ...waiting }) => attempt(key, waiting, signal)))
      judge(outcomes.filter((outcome) => outcome !== undefined))
    }
    return true
  }

  /** Sends more at once to a receiver that takes messages, and nothing more to one that does not. */
  function judge(outcomes: readonly Outcome[]): void {
    if (outcomes.some(({ delivered }) => delivered)) {
      failuresInARow = 0
      atOnce = Math.min(atOnce * 2, mostAtOnce)
    } else if (outcomes.some((outcome) => !outcome.delivered && outcome.kind === 'down')) {
      failuresInARow += 1
      atOnce = 1
    }
    const asked = outcomes.some(
      (outcome) => !outcome.delivered && (outcome.kind === 'gone' || outcome.wait !== undefined),
    )
    if (asked || failuresInARow >= patience) open = false
  }

  /** Works on one message. Returns the outcome if it was sent. */
  async function attempt(key: string, waiting: Partial<Waiting>, signal: AbortSignal): Promise<Outcome | undefined> {
    const stored = await store.get(key, signal)
    if (stored === null) return undefined
    const record = openRecord(seal, key, stored.value)
    const isOver = (waiting.giveUpAt ?? 0) <= seconds()
    if (record === null) {
      run.unreadable += 1
      // A record under another secret stays until its time is over: an instance with that secret can still send it.
      if (isOver || !isSealed(stored.value)) await store.remove(key, signal)
      return undefined
    }
    if (record.person !== undefined && (await isForgetting?.(record.person, signal))) {
      await store.remove(key, signal)
      return undefined
    }
    if (!open || !delivery) {
      if (isOver) await giveUp(record, signal)
      return undefined
    }
    const outcome = await send({ ...options, webhook: delivery.webhook }, record, signal)
    if (outcome.delivered) {
      run.delivered += 1
      await store.remove(key, signal)
      return outcome
    }
    // The time of the caller is over. The message stays where it is.
    if (signal.aborted) return outcome
    run.failed += 1
    logFailure(log, record, outcome)
    const failed = { ...record, attempts: record.attempts + 1, failure: outcome.failure }
    await (isOver ? giveUp(failed, signal) : postpone(failed, waiting.giveUpAt ?? 0, outcome.wait, signal))
    await heed(delivery.receiver, outcome, now, log, signal)
    return outcome
  }

  async function giveUp(record: OutboxRecord, signal: AbortSignal): Promise<void> {
    run.dead += 1
    await bury(options, record, signal)
  }

  /** Moves a message to when it is due again. It is stored there before it is removed here. */
  async function postpone(record: OutboxRecord, giveUpAt: number, wait = 0, signal: AbortSignal): Promise<void> {
    const due = Math.max(nextDue(seconds(), record.attempts, random()), seconds() + wait)
    const key = waitingKey({ ...record, due: Math.min(due, giveUpAt), giveUpAt })
    await store.create(key, { sealed: seal.seal({ ...record, key }) }, signal)
    await store.remove(record.key, signal)
  }

  return { walk }
}

/** Whether a record looks like one that this service sealed. */
const isSealed = ({ sealed }: StoreValue) =>
  typeof sealed === 'string' && /^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/.test(sealed)
