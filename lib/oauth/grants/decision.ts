import type { GrantRecord } from './record.ts'

/**
 * What a refresh that lost its conditional write is to be told, decided from the record alone.
 * - `rotate`: nobody has used this generation; the write lost to something else (another version, a re-sealed record,
 *   a store that moved or was restored). Repeat it with the version just read.
 * - `repeat`: it was used a moment ago. A racer, or a client whose answer got lost: same successor again (T-21).
 * - `reuse`: a generation that is long over was presented: stolen, or copied. The grant must end.
 * - `revoked`: it has ended already.
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'reuse' | 'revoked'

/**
 * Pure. `presented`: the generation in the token. `now` in milliseconds since the epoch, `grace` in seconds: exactly so
 * long is the window, to the millisecond; 0 is none.
 */
export function decideRefresh(
  record: GrantRecord,
  presented: number,
  { now, grace }: { readonly now: number; readonly grace: number },
): RefreshDecision {
  if (record.revokedAt !== undefined) return 'revoked'
  if (record.generation <= presented) return 'rotate'
  const inWindow = grace > 0 && now - rotationTimeOf(record) <= grace * 1000
  return record.generation === presented + 1 && inWindow ? 'repeat' : 'reuse'
}

/** When a generation began, and how many quick rotations in a row had led to it. Records of older releases say less. */
export type RotationTimes = Pick<GrantRecord, 'rotatedAt' | 'rotatedAtMilliseconds' | 'quickRotations'>

/** Milliseconds: a rotation is quick if it follows the last one sooner than this. */
const quickInterval = 2000
/** After so many quick rotations in a row a grant rests. */
const mostQuickRotations = 3

/** What the next generation's record says of quick rotations, if it begins at `now` (milliseconds since the epoch). */
export function quickRotationsAfter(last: RotationTimes, now: number): number {
  return now - rotationTimeOf(last) < quickInterval ? (last.quickRotations ?? 0) + 1 : 0
}

/**
 * Whether a grant rests: it has rotated three times in a row, each time less than two seconds after the last, and that
 * was less than two seconds ago. Nobody refreshes like this in earnest, and each rotation changes the record; while it
 * rests, a tombstone that somebody is about to write finds the version that it has read.
 */
export function isResting(last: RotationTimes, now: number): boolean {
  return (last.quickRotations ?? 0) >= mostQuickRotations && now - rotationTimeOf(last) < quickInterval
}

/** Milliseconds since the epoch. The second alone is earlier than the moment: no window is longer for it. */
const rotationTimeOf = ({ rotatedAt, rotatedAtMilliseconds = rotatedAt * 1000 }: RotationTimes) => rotatedAtMilliseconds
