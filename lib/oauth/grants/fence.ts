import { type Store, StoreUnavailable } from '../../store/store.ts'

/**
 * The fence that ends a person: the record `ended/<sub>`. What the person began before `at` gives nothing any more: no code becomes
 * a grant, and no browser session or admin session counts. A refresh needs no fence, since every grant gets a tombstone.
 */
export interface Fence {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly reason: string
  /** The person is being forgotten. Until their data is removed, what they begin after `at` gives nothing either. */
  readonly forgetting: boolean
}

/** Reads the fence of a person strongly. Returns `null` if there is none. Throws `StoreUnavailable`, also for a damaged record. */
export async function readFence(store: Store, sub: string, signal: AbortSignal): Promise<Fence | null> {
  const stored = await store.get(fenceKey(sub), signal)
  return stored && parse(stored.value)
}

/**
 * Writes the fence of a person, or moves the one that stands to a later time. A fence never moves back, and one that forgets stays
 * so. Retries until `signal` fires, since two requests may end the same person. Throws `StoreUnavailable`.
 */
export async function writeFence(store: Store, sub: string, fence: Fence, signal: AbortSignal): Promise<void> {
  const key = fenceKey(sub)
  while (!signal.aborted) {
    if ((await store.create(key, { ...fence }, signal)).won) return
    const stored = await store.get(key, signal)
    if (stored === null) continue
    const known = parse(stored.value)
    const forgetting = known.forgetting || fence.forgetting
    const next = known.at > fence.at ? { ...known, forgetting } : { ...fence, forgetting }
    if ((await store.replace(key, next, stored.version, signal)).won) return
  }
  throw new StoreUnavailable('a person could not be ended in time: too many writers')
}

/**
 * Lets a person who was forgotten sign in again, unless the fence is younger than `at` (milliseconds). The fence stays, and ends what
 * the person began before it. Throws `StoreUnavailable`, also if another writer was faster; a repeated call continues.
 */
export async function liftForgetting(store: Store, sub: string, at: number, signal: AbortSignal): Promise<void> {
  const stored = await store.get(fenceKey(sub), signal)
  if (stored === null) return
  const fence = parse(stored.value)
  if (!fence.forgetting || fence.at > at) return
  const write = await store.replace(fenceKey(sub), { ...stored.value, forgetting: false }, stored.version, signal)
  if (!write.won) throw new StoreUnavailable('a fence was written meanwhile')
}

/**
 * Removes the fence of a person, unless it is younger than `at` (milliseconds) or forgets. A fence that another request writes in the
 * very moment of the removal is lost; `endPerson` therefore looks at its fence once more at its end.
 */
export async function removeFence(store: Store, sub: string, at: number, signal: AbortSignal): Promise<void> {
  const fence = await readFence(store, sub, signal)
  if (fence && fence.at <= at && !fence.forgetting) await store.remove(fenceKey(sub), signal)
}

/** Milliseconds. The clocks of two instances may differ by so much. */
export const clockMargin = 5000

/**
 * Whether a fence ends what the person began at `began`: a sign-in, or a browser session. Milliseconds since the epoch. `undefined`
 * is a time before every fence.
 */
export function isFenced(fence: Fence | null, began: number | undefined): boolean {
  return fence !== null && (fence.forgetting || began === undefined || began <= fence.at + clockMargin)
}

export const fenceKey = (sub: string): string => `ended/${sub}`

function parse({ at, reason, forgetting }: { readonly [name: string]: unknown }): Fence {
  if (typeof at !== 'number' || typeof reason !== 'string') throw new StoreUnavailable('a fence is damaged')
  return { at, reason, forgetting: forgetting === true }
}
