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

/** Pure. `presented`: the generation in the token. `now` and `grace` in seconds. */
export function decideRefresh(
  record: GrantRecord,
  presented: number,
  { now, grace }: { readonly now: number; readonly grace: number },
): RefreshDecision {
  if (record.revokedAt !== undefined) return 'revoked'
  if (record.generation <= presented) return 'rotate'
  if (record.generation === presented + 1 && now - record.rotatedAt <= grace) return 'repeat'
  return 'reuse'
}
