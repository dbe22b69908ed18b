import { isObject, jsonOf } from '../../base/json.ts'
import type { KeyPage, Store } from '../store.ts'

interface Cursor {
  /** Where each store continues: its own cursor, empty for the beginning. `null`: it has no further keys. */
  readonly positions: readonly (string | null)[]
  /** The last key that was returned. Up to it, every store has been read. */
  readonly after: string
}

/**
 * Lists the keys that are in any of some stores, each once and in order. A page of a store that is not used up is read again for
 * the next page of the list.
 */
export async function mergedList(
  stores: readonly Pick<Store, 'list'>[],
  prefix: string,
  signal: AbortSignal,
  cursor?: string,
): Promise<KeyPage> {
  const { positions, after } = parse(cursor) ?? { positions: stores.map(() => ''), after: '' }
  const pages = await Promise.all(
    stores.map(async (store, index): Promise<KeyPage> => {
      const position = positions[index] ?? null
      return position === null ? { keys: [] } : store.list(prefix, signal, position || undefined)
    }),
  )
  // Beyond the end of a page that has a next one, its store may have keys that are not known yet.
  const ends = pages.flatMap(({ keys, next }) => (next === undefined ? [] : [keys.at(-1) ?? after]))
  const end = ends.toSorted()[0]
  const isHere = (key: string) => key > after && (end === undefined || key <= end)
  const keys = [...new Set(pages.flatMap((page) => page.keys.filter(isHere)))].sort()
  if (end === undefined) return { keys }
  const next = pages.map((page, index) => {
    const last = page.keys.at(-1)
    const isUsedUp = last === undefined || last <= end
    return isUsedUp ? (page.next ?? null) : (positions[index] ?? null)
  })
  return { keys, next: JSON.stringify({ positions: next, after: end } satisfies Cursor) }
}

function parse(cursor: string | undefined): Cursor | null {
  const value = cursor === undefined ? undefined : jsonOf(cursor)
  if (!isObject(value) || !Array.isArray(value.positions) || typeof value.after !== 'string') return null
  const positions = value.positions.map((position) => (typeof position === 'string' ? position : null))
  return { positions, after: value.after }
}
