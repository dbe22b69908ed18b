import { isDeepStrictEqual } from 'node:util'
import { type Store, StoreUnavailable, type StoreValue, type WriteResult } from '../store.ts'
import { type Cell, cellOf, type Held, laterOf, type Mark, newMark, toValue, type Vacant } from './mark.ts'
import { ruleOf } from './rules.ts'

/** Where a record is, and what the other store has at its key. */
export type Place =
  | { readonly at: 'target'; readonly value: StoreValue; readonly version: string }
  | { readonly at: 'source'; readonly value: StoreValue; readonly version: string; readonly target: Vacant }
  | { readonly at: 'nowhere'; readonly source: Vacant; readonly target: Vacant }

/** What the copy did with a record. `merged`: both stores had a value. */
export type Carried = 'moved' | 'already' | 'absent' | 'merged'

/** How often a step is repeated that another instance was faster with. After that the answer is 503. */
const maxAttempts = 10

/**
 * Moves single records between two stores. Every function throws `StoreUnavailable`. Whatever dies at whatever moment, exactly one
 * of these holds for a record:
 * - One store has it as a value, and the other has nothing or a mark.
 * - No store has a value, and the later mark carries it.
 *
 * The source decides: the caller that replaces the record there by a mark, or creates the mark, may write the target.
 */
export function createHandOver(source: Store, target: Store) {
  const read = async (store: Store, key: string, signal: AbortSignal): Promise<Cell> =>
    cellOf(await store.get(key, signal))

  /** Writes a value at the target, where there was nothing or a mark. */
  const settle = (key: string, value: StoreValue, before: Vacant, signal: AbortSignal): Promise<WriteResult> =>
    before.kind === 'absent' ? target.create(key, value, signal) : target.replace(key, value, before.version, signal)

  const writeMark = (key: string, mark: Mark, before: Cell, signal: AbortSignal): Promise<WriteResult> => {
    const value = toValue(mark, ruleOf(key))
    return before.kind === 'absent'
      ? source.create(key, value, signal)
      : source.replace(key, value, before.version, signal)
  }

  /**
   * Writes the value of a mark at the target. Returns its version there, or `null` if another instance was faster. If the record was
   * removed meanwhile, the value is removed again.
   */
  async function deliver(
    key: string,
    mark: Mark & { readonly value: StoreValue },
    before: Vacant,
    signal: AbortSignal,
  ): Promise<string | null> {
    const write = await settle(key, mark.value, before, signal)
    if (!write.won) return null
    const seen = await read(source, key, signal)
    // A store that misses the mark once must not take back a record that other instances use by now.
    const still = seen.kind === 'absent' ? await read(source, key, signal) : seen
    if (still.kind === 'absent' || (still.kind === 'mark' && still.value === null)) {
      await target.remove(key, signal)
      return null
    }
    return write.version
  }

  /** Finishes a hand-over whose author has not written the value, or not yet. */
  async function finish(key: string, at: { readonly source: Vacant; readonly target: Vacant }, signal: AbortSignal) {
    const later = laterOf(at.source, at.target)
    if (later === null || later.value === null) return
    const { value } = later
    if (later === at.source) {
      const mark = { ...later, value, helped: true }
      // First of all, so that the author knows later who may have written the value.
      if (!later.helped && !(await writeMark(key, mark, later, signal)).won) return
      await deliver(key, mark, at.target, signal)
      return
    }
    // The target was the source of an earlier move, which was turned around. The source must have the later mark first.
    const mark = { ...newMark(value, later), value }
    const write = await writeMark(key, mark, at.source, signal)
    if (write.won) await deliver(key, mark, at.target, signal)
  }

  /** Finds a record. Finishes a hand-over that was interrupted. */
  async function locate(key: string, signal: AbortSignal): Promise<Place> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const there = await read(target, key, signal)
      if (there.kind === 'value') return { at: 'target', value: there.value, version: there.version }
      const here = await read(source, key, signal)
      if (here.kind === 'value') return { at: 'source', value: here.value, version: here.version, target: there }
      const later = laterOf(here, there)
      if (later === null || later.value === null) return { at: 'nowhere', source: here, target: there }
      await finish(key, { source: here, target: there }, signal)
    }
    throw new StoreUnavailable('a record is being moved by many at once')
  }

  /** Hands over a record that is at the source. Returns its version at the target, or `null` if another instance was faster. */
  async function handOver(
    key: string,
    { value, version, target: before }: Extract<Place, { at: 'source' }>,
    signal: AbortSignal,
  ): Promise<string | null> {
    const mark = { ...newMark(value, before), value }
    const write = await writeMark(key, mark, { kind: 'value', value, version }, signal)
    return write.won ? deliver(key, mark, before, signal) : null
  }

  /** Creates a record that is nowhere: its mark at the source decides who does. */
  async function createAt(
    key: string,
    value: StoreValue,
    place: Extract<Place, { at: 'nowhere' }>,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const mark = newMark(value, place.source, place.target)
    const write = await writeMark(key, mark, place.source, signal)
    if (!write.won) return write
    const written = await settle(key, value, place.target, signal)
    if (written.won) return written
    // Another instance has finished this creation, or one that knows only the target has created the record.
    const [here, there] = [await read(source, key, signal), await read(target, key, signal)]
    const isHelped = here.kind === 'mark' && here.id === mark.id && here.helped === true
    const isMine = there.kind === 'value' && isDeepStrictEqual(there.value, JSON.parse(JSON.stringify(value)))
    return isHelped && isMine ? { won: true, version: there.version } : { won: false, ambiguous: true }
  }

  /** Finds where a record can be created. `null`: there is one. Finishes nothing: the author of a mark may be about to. */
  async function vacancy(key: string, signal: AbortSignal): Promise<Extract<Place, { at: 'nowhere' }> | null> {
    const there = await read(target, key, signal)
    if (there.kind === 'value') return null
    const here = await read(source, key, signal)
    if (here.kind === 'value') return null
    const later = laterOf(here, there)
    return later === null || later.value === null ? { at: 'nowhere', source: here, target: there } : null
  }

  /** Moves a record for the copy. */
  async function carry(key: string, signal: AbortSignal): Promise<Carried> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const place = await locate(key, signal)
      if (place.at === 'nowhere') return 'absent'
      if (place.at === 'source') {
        if ((await handOver(key, place, signal)) !== null) return 'moved'
        continue
      }
      const here = await read(source, key, signal)
      if (here.kind !== 'value') return 'already'
      if (await mergeBoth(key, here, place, signal)) return 'merged'
    }
    throw new StoreUnavailable('a record is being moved by many at once')
  }

  /** Makes one record of two. The target gets the merged value before the source loses its own. */
  async function mergeBoth(
    key: string,
    here: Held,
    there: Extract<Place, { at: 'target' }>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const value = ruleOf(key).merge?.(here.value, there.value) ?? there.value
    if (value !== there.value && !(await target.replace(key, value, there.version, signal)).won) return false
    return (await writeMark(key, newMark(value), here, signal)).won
  }

  /** Shows instances that know only the source that a record will never change any more. They may go without. */
  async function showFinal(key: string, value: StoreValue, signal: AbortSignal): Promise<void> {
    if (ruleOf(key).isFinal?.(value) !== true) return
    try {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const here = await read(source, key, signal)
        if (here.kind !== 'mark' || here.value === null) return
        if ((await writeMark(key, { ...here, value }, here, signal)).won) return
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
    }
  }

  /** Removes a record from both stores. A call that was cut off is continued by the next one. */
  async function remove(key: string, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const [there, here] = [await read(target, key, signal), await read(source, key, signal)]
      if (there.kind === 'absent' && here.kind === 'absent') return
      const marks = [there, here].filter((cell) => cell.kind !== 'value')
      // No instance that has read an earlier mark may bring the record back. A record that never was at the source has none.
      const isFirst = here.kind === 'absent' && there.kind === 'value'
      const isGone = here.kind === 'mark' && here.value === null
      if (!isFirst && !isGone && !(await writeMark(key, newMark(null, ...marks), here, signal)).won) continue
      await target.remove(key, signal)
      // The mark goes last, so that a list still names a record whose removal was cut off.
      await source.remove(key, signal)
      return
    }
    throw new StoreUnavailable('a record is being moved by many at once')
  }

  return { locate, vacancy, handOver, createAt, carry, remove, showFinal, read }
}

export type HandOver = ReturnType<typeof createHandOver>
