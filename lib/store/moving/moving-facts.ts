import type { Store } from '../store.ts'
import { mergedList } from './merged-list.ts'

/** A store of facts: a key says everything, no record ever changes, and writing one twice changes nothing. */
export interface FactStore extends Pick<Store, 'put' | 'remove' | 'list'> {
  /** Removes everything. A call that was cut off is continued by the next one. Throws `StoreUnavailable`. */
  removeAll(signal: AbortSignal): Promise<void>
}

/** The store of facts while they move: the target gets the new ones, and lists name those of both stores. */
export function createMovingFacts(options: {
  readonly source: FactStore
  readonly target: FactStore
  readonly opened: () => Promise<'open' | 'complete'>
}): FactStore {
  const { source, target, opened } = options
  const isComplete = async () => (await opened()) === 'complete'
  return {
    async put(key, value, signal) {
      await opened()
      return target.put(key, value, signal)
    },
    async remove(key, signal) {
      if (!(await isComplete())) await source.remove(key, signal)
      return target.remove(key, signal)
    },
    async removeAll(signal) {
      if (!(await isComplete())) await source.removeAll(signal)
      return target.removeAll(signal)
    },
    async list(prefix, signal, cursor) {
      if (await isComplete()) return target.list(prefix, signal, cursor)
      return mergedList([source, target], prefix, signal, cursor)
    },
  }
}

const atOnce = 16

/** Copies one page of facts. Returns how many it copied, and where to continue. */
export async function copyFacts(
  { source, target }: { readonly source: FactStore; readonly target: FactStore },
  cursor: string | null,
  signal: AbortSignal,
): Promise<{ readonly copied: number; readonly next: string | null }> {
  const { keys, next } = await source.list('', signal, cursor ?? undefined)
  for (let first = 0; first < keys.length; first += atOnce) {
    await Promise.all(keys.slice(first, first + atOnce).map((key) => target.put(key, {}, signal)))
  }
  if (next !== undefined) return { copied: keys.length, next }
  // The facts were dropped meanwhile, as those of a day that is counted are.
  if (keys.length > 0 && (await source.list('', signal)).keys.length === 0) await target.removeAll(signal)
  return { copied: keys.length, next: null }
}
