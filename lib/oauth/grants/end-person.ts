import type { Store } from '../../store/store.ts'
import { clockMargin } from './fence.ts'
import type { Grants } from './grants.ts'
import { grantPrefixes } from './of-person.ts'
import type { GrantKey } from './record.ts'

const atOnce = 16

/** What ends the grants of a person. */
export interface EndGrants {
  readonly store: Store
  readonly grants: Pick<Grants, 'read' | 'revoke'>
  /** Milliseconds since the epoch. */
  readonly now: number
  /**
   * Ends only the grants that were made until this time, in milliseconds since the epoch. Later ones passed the fence of this time:
   * the person has signed in again. Absent: all grants end.
   */
  readonly madeUntil?: number
}

/**
 * Ends every grant of a person by a tombstone, however many there are. Grants that have ended keep their tombstones. A grant that
 * cannot be ended keeps no other from ending. Throws `StoreUnavailable` if one is left; a repeated call continues.
 *
 * @returns how many grants have ended, with those that had ended before
 */
export async function endGrantsOf(
  { store, grants, now, madeUntil = Number.POSITIVE_INFINITY }: EndGrants,
  sub: string,
  reason: string,
  signal: AbortSignal,
): Promise<number> {
  let ended = 0
  const failures: unknown[] = []
  const end = async (key: GrantKey) => {
    try {
      const grant = await grants.read(key, signal)
      if (!grant || grant.record.createdAt * 1000 > madeUntil + clockMargin) return
      await grants.revoke(key, reason, signal, grant)
      ended++
    } catch (error) {
      failures.push(error)
    }
  }
  const endMonth = async (prefix: string) => {
    let cursor: string | undefined
    do {
      const page = await store.list(prefix, signal, cursor)
      for (let first = 0; first < page.keys.length; first += atOnce) {
        await Promise.all(page.keys.slice(first, first + atOnce).map(end))
      }
      cursor = page.next
    } while (cursor !== undefined)
  }
  await Promise.all(grantPrefixes(sub, now).map((prefix) => endMonth(prefix).catch((error) => failures.push(error))))
  if (failures.length > 0) throw failures[0]
  return ended
}
