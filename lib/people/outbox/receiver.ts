import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import type { Store } from '../../store/store.ts'
import type { Seal } from './message.ts'

/** What is remembered about a receiver. Times in seconds since the epoch. */
export const receiverSchema = v.object({
  /** Hash of the receiver's URL. What an earlier receiver said does not hold for the next. */
  receiver: v.string(),
  /** Until then, nothing is sent. */
  pausedUntil: v.number(),
  /** The receiver answered 410 Gone: nothing is sent until the operator changes the URL or replays a message. */
  gone: v.boolean(),
  /** Until then, one run of the scheduled function has the receiver for itself. */
  leasedUntil: v.number(),
  /** How far the receiver has been told, where messages have an order. */
  position: v.optional(v.string()),
})
export type ReceiverState = v.InferOutput<typeof receiverSchema>

export interface Receiver {
  read(signal: AbortSignal): Promise<ReceiverState>
  /**
   * Takes the receiver for one run. Of any number of runs at the same moment, one gets it.
   *
   * @returns the state; `null` if another run has it
   */
  lease(now: number, until: number, signal: AbortSignal): Promise<ReceiverState | null>
  /** Changes the state. A change that loses to others five times is dropped: each of them can be made again. */
  change(change: Partial<ReceiverState>, signal: AbortSignal): Promise<void>
}

const attempts = 5

/** Keeps the state of a receiver in the store, under `outbox-receivers/<name>`. */
export function createReceiver(options: {
  readonly store: Store
  readonly seal: Seal<ReceiverState>
  readonly name: string
  readonly url: string
}): Receiver {
  const { store, seal } = options
  const key = `outbox-receivers/${options.name}`
  const receiver = sha256(options.url)
  const fresh: ReceiverState = { receiver, pausedUntil: 0, gone: false, leasedUntil: 0 }

  async function load(signal: AbortSignal) {
    const stored = await store.get(key, signal)
    const sealed = stored?.value.sealed
    const state = typeof sealed === 'string' ? seal.open(sealed) : null
    const known = state?.receiver === receiver ? state : { ...fresh, leasedUntil: state?.leasedUntil ?? 0 }
    return { state: known, version: stored?.version }
  }

  /** Whether this write was the first after the state was loaded. */
  async function save(state: ReceiverState, version: string | undefined, signal: AbortSignal): Promise<boolean> {
    const value = { sealed: seal.seal(state) }
    const { won } = await (version === undefined
      ? store.create(key, value, signal)
      : store.replace(key, value, version, signal))
    return won
  }

  return {
    read: async (signal) => (await load(signal)).state,
    async lease(now, until, signal) {
      const { state, version } = await load(signal)
      if (state.leasedUntil > now) return null
      const leased = { ...state, leasedUntil: until }
      return (await save(leased, version, signal)) ? leased : null
    },
    async change(change, signal) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const { state, version } = await load(signal)
        if (await save({ ...state, ...change }, version, signal)) return
      }
    },
  }
}
