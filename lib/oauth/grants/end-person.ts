import type { Store } from '../../store/store.ts'
import type { Grants } from './grants.ts'
import { grantPrefixes } from './of-person.ts'
import type { GrantKey } from './record.ts'

const atOnce = 16

/** What ends the grants of a person. `now` is in milliseconds since the epoch. */
export interface EndGrants {
  readonly store: Store
  readonly grants: Pick<Grants, 'revoke'>
  readonly now: number
}

/**
 * Ends every grant of a person by a tombstone, however many there are. Grants that have ended keep their tombstones. A grant that
 * cannot be ended keeps no other from ending. Throws `StoreUnavailable` if one is left; a repeated call continues.
 *
 * @returns how many grants the person has, with those that had ended before
 */
export async function endGrantsOf(
  { store, grants, now }: EndGrants,
  sub: string,
  reason: string,
  signal: AbortSignal,
): Promise<number> {
  let ended = 0
  const failures: unknown[] = []
  const end = (key: GrantKey) =>
    grants.revoke(key, reason, signal).then(
      () => ended++,
      (error) => failures.push(error),
    )
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
