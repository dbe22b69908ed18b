import { isObject } from '../../base/json.ts'
import type { Store } from '../store.ts'

/** The steps of a copy, in order. */
export const stages = ['count', 'records', 'last-records', 'events', 'verify', 'done'] as const
export type Stage = (typeof stages)[number]

/** What verifying found in one collection. */
export interface Verified {
  /** Records that were handed over and are at the target. */
  readonly records: number
  /** Those of them that have changed there since. */
  readonly changed: number
  /** XOR of the SHA-256 of every unchanged record, as it was handed over and as the target has it. */
  readonly handedOver: string
  readonly atTarget: string
}

/** What is wrong after verifying, as counts. A move is complete when all are 0. */
export interface Findings {
  /** Records that an instance wrote at the source after the copy had passed. They have moved now. */
  readonly late: number
  /** Records that both stores had. They are one now. */
  readonly merged: number
  /** Records whose value at the target cannot have followed on the one that was handed over. */
  readonly wrong: number
  /** Records that one of the stores cannot give. */
  readonly unreadable: number
}

/** How far a copy is. It is stored after each page, so that every run continues where the last one stopped. */
export interface CopyProgress {
  readonly stage: Stage
  /** Where the list of keys continues: the cursor of the page, and the last key of it that is done. */
  readonly cursor: string | null
  readonly after: string
  /** Keys at the source when the copy began. */
  readonly total: number
  /** Keys that this stage has passed. */
  readonly passed: number
  /** Records that the copy has handed over; others moved when they were used. */
  readonly moved: number
  readonly events: number
  readonly unreadable: number
  readonly found: Findings
  readonly collections: Readonly<Record<string, Verified>>
  /** When verifying began, in milliseconds since the epoch. */
  readonly verifyingSince: number
}

export const nothingFound: Findings = { late: 0, merged: 0, wrong: 0, unreadable: 0 }

export const beginning: CopyProgress = {
  stage: 'count',
  cursor: null,
  after: '',
  total: 0,
  passed: 0,
  moved: 0,
  events: 0,
  unreadable: 0,
  found: nothingFound,
  collections: {},
  verifyingSince: 0,
}

const keyOf = (from: string) => `moving/${from}.copy`

export interface StoredProgress {
  readonly progress: CopyProgress
  /** `null`: nothing is stored yet. */
  readonly version: string | null
}

/** Reads how far the copy is. */
export async function readProgress(target: Store, from: string, signal: AbortSignal): Promise<StoredProgress> {
  const stored = await target.get(keyOf(from), signal)
  if (stored === null || !isObject(stored.value.progress))
    return { progress: beginning, version: stored?.version ?? null }
  return { progress: { ...beginning, ...stored.value.progress }, version: stored.version }
}

/** Writes how far the copy is. `null`: another run of the copy was faster. */
export async function writeProgress(
  target: Store,
  from: string,
  { progress, version }: StoredProgress,
  signal: AbortSignal,
): Promise<StoredProgress | null> {
  const value = { progress }
  const write =
    version === null
      ? await target.create(keyOf(from), value, signal)
      : await target.replace(keyOf(from), value, version, signal)
  return write.won ? { progress, version: write.version } : null
}
