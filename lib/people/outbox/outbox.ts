import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import { lifetime, type Message, type OutboxRecord, type Seal, waitingKey } from './message.ts'
import { type Outcome, post } from './post.ts'
import { createReceiver, type Receiver, type ReceiverState } from './receiver.ts'
import { signatureOf } from './signature.ts'

/** Where messages to the CRM go. */
export interface Webhook {
  /** The path may hold a secret, so the URL is never logged. */
  readonly url: string
  /** The current secret and the previous one. Empty: messages are not signed. */
  readonly secrets: readonly Uint8Array[]
}

export interface OutboxOptions {
  readonly store: Store
  readonly seal: Seal<OutboxRecord>
  readonly sealState: Seal<ReceiverState>
  readonly webhook: Webhook
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  /** Milliseconds for the receiver's answer. Default 5000: the platform ends a scheduled function at 30 s. */
  readonly timeout?: number | undefined
  readonly fetch?: typeof fetch | undefined
}

/** A message that is in the outbox and has not been sent yet. */
export interface Enqueued {
  /** Makes the first attempt. A message that is not delivered stays for the scheduled function. */
  deliver(signal: AbortSignal): Promise<void>
  /** Takes the message back, because the event turned out to be another caller's. */
  withdraw(signal: AbortSignal): Promise<void>
}

export interface Outbox {
  /**
   * Puts a message into the store, before anything is sent. Throws `StoreUnavailable`.
   *
   * @param due when the scheduled function may take it, in seconds since the epoch. By default the caller has two minutes for
   *   the first attempt
   */
  enqueue(message: Message, signal: AbortSignal, due?: number): Promise<Enqueued>
}

/** Seconds that the first attempt has for itself before the scheduled function may take the message. */
const firstAttempt = 120

/** Makes the outbox: what a CRM is told is stored first, then sent, and removed when the CRM has accepted it. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { store, seal, now, log } = options
  const receiver = webhookReceiver(options)
  return {
    async enqueue(message, signal, due = Math.floor(now() / 1000) + firstAttempt) {
      const key = waitingKey({ ...message, due, giveUpAt: due + lifetime })
      const record: OutboxRecord = { ...message, key, attempts: 0 }
      const created = await store.create(key, { sealed: seal.seal(record) }, signal)
      return {
        async deliver(signal) {
          const { pausedUntil, gone } = await receiver.read(signal)
          if (gone || pausedUntil > Math.floor(now() / 1000)) return
          const outcome = await send(options, message, signal)
          if (outcome.delivered) return store.remove(key, signal)
          logFailure(log, message, outcome)
          await heed(receiver, outcome, now, log, signal)
        },
        async withdraw(signal) {
          // Another caller's record of the same event may be under the same key.
          if (created.won) await store.remove(key, signal)
        },
      }
    },
  }
}

/** The state of the CRM as a receiver. */
export const webhookReceiver = ({
  store,
  sealState,
  webhook,
}: Pick<OutboxOptions, 'store' | 'sealState' | 'webhook'>) =>
  createReceiver({ store, seal: sealState, name: 'webhook', url: webhook.url })

/** Sends a message once, as a Standard Webhook. */
export function send(
  { webhook, timeout = 5000, fetch = globalThis.fetch, now }: OutboxOptions,
  { id, body }: Message,
  signal: AbortSignal,
): Promise<Outcome> {
  const timestamp = Math.floor(now() / 1000)
  const signature = signatureOf({ id, timestamp, body }, webhook.secrets)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    ...(signature === '' ? undefined : { 'webhook-signature': signature }),
  }
  return post({ name: 'crm', url: webhook.url, headers, body, timeout, fetch, now, signal })
}

/** Does what a receiver asks for: to wait, or to send nothing more. */
export async function heed(
  receiver: Receiver,
  outcome: Outcome,
  now: () => number,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (outcome.delivered) return
  if (outcome.kind === 'gone') {
    log('crm_webhook_gone')
    await receiver.change({ gone: true }, signal)
  } else if (outcome.wait !== undefined) {
    await receiver.change({ pausedUntil: Math.floor(now() / 1000) + outcome.wait }, signal)
  }
}

export function logFailure(log: Log, { id, type, person }: Message, outcome: Outcome): void {
  if (!outcome.delivered) log('crm_webhook_failed', { id, type, sub: person, reason: outcome.failure })
}
