import type { Call } from '../../base/call.ts'
import type { PageQuery, Range } from '../../people/reports/reports.ts'
import type { Caller } from './caller.ts'
import { badRequest } from './refusal.ts'

/** A request to the admin API. Its caller has the permission that the route needs. */
export interface Asked extends Call {
  readonly caller: Caller
  readonly request: Request
  /** The parts of the path that the route names, decoded. */
  readonly path: Readonly<Record<string, string>>
  /** The query. The route names every parameter that it may have. */
  readonly query: URLSearchParams
  /** The JSON body of a POST; empty for a GET. */
  readonly body: Readonly<Record<string, unknown>>
}

const ranges = [1, 7, 30, 90] as const

/** Reads `days`: 1, 7, 30 (the default) or 90. Throws `Refusal`. */
export function rangeOf({ query }: Pick<Asked, 'query'>): Range {
  const text = query.get('days') ?? '30'
  const days = ranges.find((one) => String(one) === text)
  if (days === undefined) throw badRequest('days must be 1, 7, 30 or 90')
  return { days }
}

/** Reads `cursor` and `limit`. Throws `Refusal`. */
export function pageOf({ query }: Pick<Asked, 'query'>): PageQuery {
  const [cursor, limit] = [query.get('cursor'), query.get('limit')]
  if (limit !== null && !/^(?:[1-9]\d?|100)$/.test(limit))
    throw badRequest('limit must be a whole number from 1 to 100')
  return { ...(cursor !== null && { cursor }), ...(limit !== null && { limit: Number(limit) }) }
}

/** Reads one of several words. Throws `Refusal`. */
export function wordOf<const Word extends string>(
  { query }: Pick<Asked, 'query'>,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = query.get(name)
  const word = words.find((one) => one === text)
  if (text !== null && word === undefined) throw badRequest(`${name} must be ${words.join(' or ')}`)
  return word
}

/** Reads a time in ISO 8601, such as `2026-11-30` or `2026-11-30T12:00:00Z`, in milliseconds since the epoch. Throws `Refusal`. */
export function timeOf({ query }: Pick<Asked, 'query'>, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw badRequest(`${name} must be a date in ISO 8601, such as 2026-11-30`)
  return time
}

/** Reads a text of the body. Throws `Refusal`. */
export function textIn({ body }: Pick<Asked, 'body'>, name: string, most = 500): string | undefined {
  const value = body[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > most) {
    throw badRequest(`${name} must be a text of 1 to ${most} characters`)
  }
  return value
}
