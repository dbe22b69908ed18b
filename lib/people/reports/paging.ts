import * as v from 'valibot'
import { jsonOf } from '../../base/json.ts'
import type { Store } from '../../store/store.ts'
import type { Page, PageQuery } from './reports.ts'

const most = 100
const usual = 50

export const limitOf = ({ limit = usual }: PageQuery): number => Math.max(1, Math.min(most, Math.trunc(limit) || usual))

const toCursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const fromCursor = (cursor: string | undefined) => jsonOf(Buffer.from(cursor ?? '', 'base64url').toString())

const place = v.object({ list: v.optional(v.string()), skip: v.pipe(v.number(), v.integer(), v.minValue(0)) })

/** A page of the keys under a prefix. The store's own pages are longer. A cursor that is none of ours begins anew. */
export async function pageOfKeys(
  store: Pick<Store, 'list'>,
  prefix: string,
  query: PageQuery,
  signal: AbortSignal,
): Promise<Page<string>> {
  const parsed = v.safeParse(place, fromCursor(query.cursor))
  const { list, skip } = parsed.success ? parsed.output : { list: undefined, skip: 0 }
  const { keys, next } = await store.list(prefix, signal, list)
  const end = skip + limitOf(query)
  const rows = keys.slice(skip, end)
  if (end < keys.length) return { rows, next: toCursor({ list, skip: end }) }
  return next === undefined ? { rows } : { rows, next: toCursor({ list: next, skip: 0 }) }
}

const mark = v.tuple([v.union([v.number(), v.string()]), v.string()])

/**
 * A page of rows, in the order of `value`, the greatest number or the first text first. The cursor is the last row, so that rows that
 * come in between move no other row to another page.
 */
export function pageOfRows<Row extends { readonly id: string }>(
  rows: readonly Row[],
  value: (row: Row) => number | string,
  query: PageQuery,
): Page<Row> {
  const marked = rows.map((row) => ({ row, at: [value(row), row.id] as const })).toSorted((a, b) => order(a.at, b.at))
  const parsed = v.safeParse(mark, fromCursor(query.cursor))
  const left = parsed.success ? marked.filter(({ at }) => order(at, parsed.output) > 0) : marked
  const page = left.slice(0, limitOf(query))
  const last = page.at(-1)
  return {
    rows: page.map(({ row }) => row),
    ...(last && left.length > page.length ? { next: toCursor(last.at) } : {}),
  }
}

type Mark = readonly [number | string, string]

function order([a, first]: Mark, [b, second]: Mark): number {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) return b - a
  if (a !== b) return String(a) < String(b) ? -1 : 1
  return first < second ? -1 : first > second ? 1 : 0
}
