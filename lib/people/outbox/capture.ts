import { hash } from 'node:crypto'
import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import type { Log } from '../../base/log.ts'
import { toJson } from '../../base/well-formed.ts'
import type { Store } from '../../store/store.ts'
import { type CountedEvent, forgotten, machines, noId, slicePrefix } from '../usage/event-key.ts'
import type { EventStores } from '../usage/event-stores.ts'
import type { PseudonymSource, Pseudonyms } from '../usage/pseudonyms.ts'
import { listEvents } from '../usage/raw-events.ts'
import { progress } from '../usage/roll-up.ts'
import { type Day, type Slice, slicesIn, startOfDay } from '../usage/time.ts'
import { type CaptureNames, createCaptureNames } from './capture-names.ts'
import type { Seal } from './message.ts'
import { post } from './post.ts'
import { createReceiver, type ReceiverState } from './receiver.ts'

/** A service that takes events in PostHog's form. */
export interface CaptureTarget {
  /** The address of its batch endpoint. */
  readonly url: string
  /** The `api_key` of every batch. */
  readonly key: string
}

export interface CaptureOptions {
  readonly store: Store
  readonly sealState: Seal<ReceiverState>
  readonly target: CaptureTarget
  readonly events: EventStores
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  /** The people who are being forgotten, as our own ids. */
  readonly beingForgotten: (signal: AbortSignal) => Promise<readonly string[]>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  /** Milliseconds for the answer to one batch. Default 5000. */
  readonly timeout?: number | undefined
  /** Milliseconds in which a run begins batches. Default 7000. */
  readonly share?: number | undefined
  readonly fetch?: typeof fetch | undefined
}

type SayEvent = (event: CountedEvent) => Promise<object>

const atOnce = 16
/** Events in one request. A batch is about 250 KB; PostHog takes 20 MB. */
const batchSize = 500
/** Seconds. Longer than any run takes. */
const lease = 60
/** Milliseconds after the end of a day in which its events wait for a receiver that is down. */
const patience = 3 * 86_400_000

/**
 * Sends the events of all slices that have been counted, in order, and each once: an event always has the same `uuid`, by
 * which the receiver knows it again if an answer was lost. A batch that fails is sent again in the next run, and nothing
 * after it before that. Throws `StoreUnavailable`.
 *
 * @returns how many events were sent, and whether all of them were
 */
export async function runCapture(
  options: CaptureOptions,
  signal: AbortSignal,
): Promise<{ readonly sent: number; readonly finished: boolean }> {
  const { store, events, target, now, log, share = 7000, timeout = 5000, fetch = globalThis.fetch } = options
  const [end, seconds] = [now() + share, Math.floor(now() / 1000)]
  const names = await options.pseudonyms.existing(signal)
  // Nothing was ever recorded.
  if (!names) return { sent: 0, finished: true }
  const receiver = captureReceiver(options)
  const state = await receiver.lease(seconds, seconds + lease, signal)
  if (state === null) return { sent: 0, finished: false }
  let sent = 0
  /** Sends one batch. Returns whether the receiver took it. */
  const send = async (batch: readonly Listed[], sayEvent: SayEvent): Promise<boolean> => {
    const body = { api_key: target.key, batch: await inParallel(batch, atOnce, ({ event }) => sayEvent(event)) }
    const outcome = await post({
      name: 'capture',
      url: target.url,
      headers: {},
      body: toJson(body),
      timeout,
      fetch,
      now,
      signal,
    })
    if (outcome.delivered) {
      sent += batch.length
      await receiver.change({ position: batch.at(-1)?.key ?? '' }, signal)
      return true
    }
    log('capture_failed', { reason: outcome.failure })
    if (outcome.kind === 'gone') await receiver.change({ gone: true }, signal)
    else if (outcome.wait !== undefined) await receiver.change({ pausedUntil: seconds + outcome.wait }, signal)
    return false
  }
  try {
    if (state.gone || state.pausedUntil > seconds) return { sent, finished: false }
    const named = createCaptureNames(store, signal)
    const people = new Set((await options.beingForgotten(signal)).map(names.person))
    const say = (event: CountedEvent) => captured(event, names, named, (person) => people.has(person), signal)
    const { counted } = await progress(options, signal)
    let last: Slice | undefined
    for (const [day, slices] of [...counted].sort(([one], [other]) => (one < other ? -1 : 1))) {
      for (const slice of [...slices].sort()) {
        for await (const batch of batchesAfter(events.of(day), slice, state.position, signal)) {
          if (now() >= end || !(await send(batch, say))) return { sent, finished: false }
        }
        last = slice
      }
    }
    if (last !== undefined) await receiver.change({ position: endOf(last) }, signal)
    return { sent, finished: true }
  } finally {
    await receiver.change({ leasedUntil: 0 }, signal).catch(() => undefined)
  }
}

/**
 * Whether the events of a day must stay, because they have not all been sent. A receiver that is down keeps them for three
 * days; what was not sent by then is not sent at all, and the log says so.
 */
export async function isHeldForCapture(
  options: Pick<CaptureOptions, 'store' | 'sealState' | 'target' | 'events' | 'now' | 'log'>,
  day: Day,
  signal: AbortSignal,
): Promise<boolean> {
  const { position } = await captureReceiver(options).read(signal)
  for (const slice of slicesIn(day).toReversed()) {
    for await (const batch of batchesAfter(options.events.of(day), slice, position, signal)) {
      const isHeld = options.now() < startOfDay(day) + 86_400_000 + patience
      if (!isHeld) options.log('capture_gave_up', { day, events: batch.length })
      return isHeld
    }
  }
  return false
}

const captureReceiver = ({ store, sealState, target }: Pick<CaptureOptions, 'store' | 'sealState' | 'target'>) =>
  createReceiver({ store, seal: sealState, name: 'capture', url: target.url })

/** The position after all events of a slice. */
const endOf = (slice: Slice) => `${slicePrefix(slice)}~`

interface Listed {
  readonly key: string
  readonly event: CountedEvent
}

/** The events of a slice whose keys come after the position, in the order of their keys. */
async function* batchesAfter(
  store: ReturnType<EventStores['of']>,
  slice: Slice,
  position: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly Listed[]> {
  const prefix = slicePrefix(slice)
  const isDone = position !== undefined && position >= prefix && !position.startsWith(prefix)
  if (isDone || position === endOf(slice)) return
  let batch: Listed[] = []
  for await (const listed of listEvents(store, prefix, signal)) {
    if (position !== undefined && listed.key <= position) continue
    batch.push(listed)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** The names under which this receiver knows people and companies: another receiver knows them under others (N28). */
const receiverName = 'capture'

/** One event in PostHog's form. It holds no address, no name of a person and no question: usage has none. */
async function captured(
  event: CountedEvent,
  names: Pseudonyms,
  called: CaptureNames,
  isForgotten: (person: string) => boolean,
  signal: AbortSignal,
) {
  const { at, person, what, outcome, milliseconds } = event
  const [kind, ...name] = what.split('.')
  const [ended, reason] = outcome.split('.')
  const named = (id: string) => (id === noId ? undefined : names.forReceiver(receiverName, id))
  const company = named(event.company)
  return {
    uuid: uuidOf(event),
    event: kind === 'call' ? 'docs tool called' : 'docs sign-in step',
    distinct_id:
      person === forgotten || isForgotten(person)
        ? forgotten
        : person === machines
          ? machines
          : (named(person) ?? 'anonymous'),
    timestamp: new Date(at).toISOString(),
    properties: defined({
      [kind === 'call' ? 'tool' : 'step']: name.join('.'),
      outcome: ended,
      reason,
      milliseconds,
      client: named(event.client),
      ...(await called.client(event.client, signal)),
      company,
      ...(await called.company(event.company, signal)),
      $groups: company === undefined ? undefined : { company },
      $lib: 'mcp-oauth-broker',
      // There is no person to profile, and the address is that of this service.
      $process_person_profile: false,
      $geoip_disable: true,
    }),
  }
}

/** A UUID (RFC 9562 version 8) that an event always has, also after its person was forgotten. */
function uuidOf({ at, nonce }: CountedEvent): string {
  const hex = hash('sha256', `${at} ${nonce}`, 'hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
