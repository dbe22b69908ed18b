import { inParallel } from '../../base/in-parallel.ts'
import { type KeyPage, type Store, StoreUnavailable } from '../store.ts'
import { createHandOver } from './hand-over.ts'
import { completeMove, type Move, type MoveState, openMove, readMove } from './open-move.ts'
import {
  beginning,
  type CopyProgress,
  nothingFound,
  readProgress,
  type StoredProgress,
  stages,
  writeProgress,
} from './progress.ts'
import { lastPrefixes, ruleOf } from './rules.ts'
import { added, unlessUnreadable, type Verdict, verifyRecord } from './verify.ts'

export interface CopyOptions extends Move {
  readonly source: Store
  readonly target: Store
  /** Copies the usage events of the days that are not counted yet. They are in stores of their own. */
  readonly events: {
    days(): readonly string[]
    /** Copies a page of the events of a day. Returns how many, and where to continue; `null` at the end of the day. */
    copy(
      day: string,
      cursor: string | null,
      signal: AbortSignal,
    ): Promise<{ readonly copied: number; readonly next: string | null }>
    /** Removes the events of a day from the source. */
    drop(day: string, signal: AbortSignal): Promise<void>
  }
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /**
   * Milliseconds after the begin of the move during which instances of the earlier deploy may still run. Verifying that began
   * earlier completes nothing.
   */
  readonly stragglers?: number
}

export interface CopyReport {
  readonly state: MoveState
  readonly progress: CopyProgress
  /** Whether `STORE_MOVING_FROM` can be removed. */
  readonly safe: boolean
  /** Until when instances of the earlier deploy may run, in milliseconds since the epoch. */
  readonly stragglersUntil: number
  /** The stores did not answer, so that the slice ended early. The next one continues. */
  readonly interrupted: boolean
}

const quarterOfAnHour = 900_000
/** Milliseconds after which every instance has learned that the move is complete, with a margin. */
const allKnow = 300_000
const atOnce = 16
/** Keys between two looks at the clock. */
const batchSize = 64

/** The copy of a move. It works in slices that fit the time of a function. Two runs at once do no harm. */
export type Copy = ReturnType<typeof createCopy>

export function createCopy(options: CopyOptions) {
  const { from, source, target, events, now, stragglers = quarterOfAnHour } = options
  const handOver = createHandOver(source, target)

  /**
   * Handles one page of the source's keys, batch by batch, from the last key that is done. Returns the progress of the stage, which
   * ends with the last page.
   */
  async function walk(
    progress: CopyProgress,
    isDue: (key: string) => boolean,
    handle: (progress: CopyProgress, keys: readonly string[]) => Promise<CopyProgress>,
    { signal, isOver }: Slice,
  ): Promise<CopyProgress> {
    const page: KeyPage = await source.list('', signal, progress.cursor ?? undefined)
    const left = page.keys.filter((key) => key > progress.after)
    let next = progress
    for (let first = 0; first < left.length; first += batchSize) {
      if (isOver()) return next
      const batch = left.slice(first, first + batchSize)
      next = await handle(next, batch.filter(isDue))
      next = { ...next, after: batch.at(-1) ?? next.after, passed: next.passed + batch.length }
    }
    if (page.next !== undefined) return { ...next, cursor: page.next }
    return nextStage(next)
  }

  const isMoved = (key: string) => ruleOf(key).moves !== 'never'

  /** Does something with each key. A record that cannot be read is left; if none of them can, the stores are down. */
  async function each<T>(keys: readonly string[], work: (key: string) => Promise<T>): Promise<(T | null)[]> {
    const done = await inParallel(keys, atOnce, (key) => unlessUnreadable(() => work(key)))
    if (keys.length > 0 && done.every((one) => one === null)) throw new StoreUnavailable('no record could be moved')
    return done
  }

  async function carryAll(progress: CopyProgress, keys: readonly string[], { signal }: Slice): Promise<CopyProgress> {
    const carried = await each(keys, (key) => handOver.carry(key, signal))
    if (signal.aborted) throw new StoreUnavailable('the time of the slice is over')
    const count = (what: unknown) => carried.filter((one) => one === what).length
    return {
      ...progress,
      moved: progress.moved + count('moved') + count('merged'),
      unreadable: progress.unreadable + count(null),
    }
  }

  async function verifyAll(progress: CopyProgress, keys: readonly string[], { signal }: Slice): Promise<CopyProgress> {
    const verdicts = await each(keys, async (key) => ({
      key,
      verdict: await verifyRecord({ source, target, handOver }, key, signal),
    }))
    if (signal.aborted) throw new StoreUnavailable('the time of the slice is over')
    const count = (what: Verdict['is']) => verdicts.filter((one) => one?.verdict.is === what).length
    const { found } = progress
    return {
      ...progress,
      collections: verdicts.reduce(
        (all, one) => (one && 'handedOver' in one.verdict ? added(all, one.key, one.verdict) : all),
        progress.collections,
      ),
      found: {
        late: found.late + count('late'),
        merged: found.merged + count('merged'),
        wrong: found.wrong + count('wrong'),
        unreadable: found.unreadable + verdicts.filter((one) => one === null).length,
      },
    }
  }

  async function copyLast(progress: CopyProgress, slice: Slice): Promise<CopyProgress> {
    let next = progress
    for (const prefix of lastPrefixes) {
      let cursor: string | undefined
      do {
        const page: KeyPage = await source.list(prefix, slice.signal, cursor)
        next = await carryAll(next, page.keys, slice)
        cursor = page.next
      } while (cursor !== undefined)
    }
    return nextStage(next)
  }

  /** `after` is the last day that is done. */
  async function copyEvents(progress: CopyProgress, { signal }: Slice): Promise<CopyProgress> {
    const day = events.days().find((one) => one > progress.after)
    if (day === undefined) return nextStage(progress)
    const { copied, next } = await events.copy(day, progress.cursor, signal)
    const counted = { ...progress, events: progress.events + copied, cursor: next }
    return next === null ? { ...counted, after: day } : counted
  }

  function nextStage(progress: CopyProgress): CopyProgress {
    const stage = stages[stages.indexOf(progress.stage) + 1] ?? 'done'
    const verifying = stage === 'verify' ? { found: nothingFound, collections: {}, verifyingSince: now() } : {}
    const counted = progress.stage === 'count' ? { total: progress.passed } : {}
    return { ...progress, ...counted, ...verifying, stage, cursor: null, after: '', passed: 0 }
  }

  /** Events that an older instance has written at the source since are copied, too. */
  const again = (progress: CopyProgress): CopyProgress => ({
    ...nextStage({ ...progress, stage: 'last-records' }),
    events: 0,
  })

  function step(progress: CopyProgress, slice: Slice): Promise<CopyProgress> {
    switch (progress.stage) {
      case 'count':
        return walk(progress, isMoved, async (unchanged) => unchanged, slice)
      case 'records': {
        const isDue = (key: string) => isMoved(key) && ruleOf(key).moves !== 'at-the-end'
        return walk(progress, isDue, (next, keys) => carryAll(next, keys, slice), slice)
      }
      case 'last-records':
        return copyLast(progress, slice)
      case 'events':
        return copyEvents(progress, slice)
      case 'verify':
        return walk(progress, isMoved, (next, keys) => verifyAll(next, keys, slice), slice)
      case 'done':
        return Promise.resolve(progress)
    }
  }

  /** Whether a finished verification proves that the target has everything. */
  const isProof = ({ stage, found, verifyingSince }: CopyProgress, openedAt: number) =>
    stage === 'done' && verifyingSince >= openedAt + stragglers && Object.values(found).every((count) => count === 0)

  async function report(signal: AbortSignal, interrupted = false): Promise<CopyReport> {
    const { progress } = await readProgress(target, from, signal)
    const move = await readMove(target, from, signal)
    const state = move?.state ?? 'open'
    const stragglersUntil = (move?.openedAt ?? now()) + stragglers
    return { state, progress, safe: state === 'complete', stragglersUntil, interrupted }
  }

  return {
    report: (signal: AbortSignal) => report(signal),

    /**
     * Continues the copy for about so many milliseconds. Throws `StoreUnavailable` if not even the progress can be read or written.
     *
     * @param signal ends everything, and must leave some time to write the progress
     */
    async run(milliseconds: number, signal: AbortSignal): Promise<CopyReport> {
      await openMove(options, now(), signal)
      const ends = now() + milliseconds
      const slice: Slice = { signal, isOver: () => now() >= ends }
      let stored: StoredProgress = await readProgress(target, from, signal)
      let interrupted = false
      while (!slice.isOver() && stored.progress.stage !== 'done') {
        try {
          const progress = await step(stored.progress, slice)
          stored = (await writeProgress(target, from, { ...stored, progress }, signal)) ?? (await readProgress(target, from, signal)) // biome-ignore format: one line
        } catch (error) {
          if (!(error instanceof StoreUnavailable) || signal.aborted) throw error
          interrupted = true
          break
        }
      }
      const move = await readMove(target, from, signal)
      if (move?.state === 'open' && isProof(stored.progress, move.openedAt)) {
        await completeMove(target, from, now(), signal)
      }
      return report(signal, interrupted)
    },

    /**
     * Removes everything from the source of a complete move for about so many milliseconds, so that a move back may begin.
     * Returns how many records it removed; `null`: the source may not be emptied (yet).
     */
    async empty(milliseconds: number, signal: AbortSignal) {
      const move = await readMove(target, from, signal)
      if (move?.state !== 'complete' || now() < (move.completeAt ?? 0) + allKnow) return null
      const ends = now() + milliseconds
      let removed = 0
      for (const day of events.days()) await events.drop(day, signal)
      while (now() < ends) {
        const { keys } = await source.list('', signal)
        await inParallel(keys, atOnce, (key) => source.remove(key, signal))
        removed += keys.length
        if (keys.length === 0) return { removed, finished: true }
      }
      return { removed, finished: false }
    },

    /** Begins the verification anew, or the whole copy. Throws `StoreUnavailable`. */
    async restart(at: 'verify' | 'count', signal: AbortSignal): Promise<CopyReport> {
      await openMove(options, now(), signal)
      const stored = await readProgress(target, from, signal)
      const isDone = stored.progress.stage === 'done' || stored.progress.stage === 'verify'
      if (at === 'count') await writeProgress(target, from, { ...stored, progress: beginning }, signal)
      // A copy that is not finished yet comes to its verification anyway.
      else if (isDone) await writeProgress(target, from, { ...stored, progress: again(stored.progress) }, signal)
      return report(signal)
    },
  }
}

interface Slice {
  readonly signal: AbortSignal
  readonly isOver: () => boolean
}
