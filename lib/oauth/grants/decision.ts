import type { GrantRecord } from './record.ts'

/**
 * What to do with a refresh that lost its conditional write. The record alone decides.
 * - `rotate`: the generation is unused. The write lost to something else, such as another version of the record or a store that
 *   was moved or restored. Repeat the write with the version just read.
 * - `repeat`: the generation was used a moment ago, by a concurrent request, or by this client, which lost the answer. Return the
 *   same successor again (T-21).
 * - `reuse`: the generation ended long ago, so the token was stolen or copied. End the grant.
 * - `revoked`: the grant has ended already.
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'reuse' | 'revoked'

/**
 * Decides about a refresh. A pure function. `presented` is the generation in the token, `now` is when the service received it, in
 * milliseconds since the epoch, and `grace` is the length of the window in seconds, exact to the millisecond. With 0 there is no
 * window.
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

/** When a generation began, and how many quick rotations in a row led to it. Records of older releases lack some of this. */
export type RotationTimes = Pick<GrantRecord, 'rotatedAt' | 'rotatedAtMilliseconds' | 'quickRotations'>

/** Milliseconds. A rotation is quick if it follows the last one sooner than this. */
const quickInterval = 2000
/** A grant rests after this many quick rotations in a row. */
const mostQuickRotations = 3

/** Counts the quick rotations for the next generation's record, if that begins at `now` (milliseconds since the epoch). */
export function quickRotationsAfter(last: RotationTimes, now: number): number {
  return now - rotationTimeOf(last) < quickInterval ? (last.quickRotations ?? 0) + 1 : 0
}

/**
 * Whether a grant rests: it has rotated three times in a row, each time less than two seconds after the last, and less than two
 * seconds ago. No legitimate client refreshes like this, and each rotation changes the version of the record. While the grant
 * rests, a concurrent revocation can write its tombstone over the version that it has read.
 */
export function isResting(last: RotationTimes, now: number): boolean {
  return (last.quickRotations ?? 0) >= mostQuickRotations && now - rotationTimeOf(last) < quickInterval
}

/** How long a generation had lasted at `now` (milliseconds since the epoch), in whole seconds. */
export const secondsSinceRotation = (record: RotationTimes, now: number): number =>
  Math.round((now - rotationTimeOf(record)) / 1000)

/** Milliseconds since the epoch. Older records have only the second, which is rounded down, so no window gets longer. */
const rotationTimeOf = ({ rotatedAt, rotatedAtMilliseconds = rotatedAt * 1000 }: RotationTimes) => rotatedAtMilliseconds
