import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import type { Store } from '../../store/store.ts'
import { collection } from './entry.ts'

export const digestCollection = 'audit-digests'
/** What a digest under way has got so far. */
export const progressCollection = 'audit-progress'

/** The entries of one hour: how many, and a hash of their keys in order. */
const HourDigest = v.object({ entries: v.number(), hash: v.string() })
export type HourDigest = v.InferOutput<typeof HourDigest>

const content = {
  /** `yyyymmdd`, UTC. */
  day: v.string(),
  /** The digest of the day before. Empty for the first day of the log. */
  previous: v.string(),
  /** The 24 hours of the day. */
  hours: v.array(HourDigest),
}
const DigestContent = v.object(content)
export type DigestContent = v.InferOutput<typeof DigestContent>

/** The record of a day. `digest` is the hash of its content, and `signature` signs that hash with Ed25519. */
export const DayDigest = v.object({ ...content, digest: v.string(), signature: v.string() })
export type DayDigest = v.InferOutput<typeof DayDigest>

export const hoursOfDay: readonly string[] = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'))

export const digestKeyOf = (day: string): string => `${digestCollection}/${day}`

/** Hashes what a digest says. `issuerHash` ties it to this log. */
export function digestOf(issuerHash: string, { day, previous, hours }: DigestContent): string {
  const lines = hours.map(({ entries, hash }) => `${entries} ${hash}`)
  return sha256(['mcp-oauth-broker audit 1', issuerHash, day, previous, ...lines].join('\n'))
}

/** Digests one hour, by listing its keys: each key has the hash of its value. Throws `StoreUnavailable`. */
export async function digestHour(
  store: Pick<Store, 'list'>,
  day: string,
  hour: string,
  signal: AbortSignal,
): Promise<{ readonly digest: HourDigest; readonly keys: readonly string[] }> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list(`${collection}/${day}/${hour}/`, signal, cursor)
    keys.push(...page.keys)
    cursor = page.next
  } while (cursor !== undefined)
  keys.sort()
  return { digest: { entries: keys.length, hash: sha256(keys.join('\n')) }, keys }
}

/** Reads the digest of a day. Returns `null` if there is none, and `damaged` for a record of another form. */
export async function readDigest(
  store: Pick<Store, 'get'>,
  day: string,
  signal: AbortSignal,
): Promise<DayDigest | 'damaged' | null> {
  const stored = await store.get(digestKeyOf(day), signal)
  if (!stored) return null
  const parsed = v.safeParse(DayDigest, stored.value)
  return parsed.success && parsed.output.day === day ? parsed.output : 'damaged'
}

/** The days up to `last` with a digest, in order. Throws `StoreUnavailable`. */
export async function daysWithDigest(
  store: Pick<Store, 'list'>,
  last: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const days: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list(`${digestCollection}/`, signal, cursor)
    days.push(...page.keys.map((key) => key.slice(digestCollection.length + 1)))
    cursor = page.next
  } while (cursor !== undefined)
  // A writer of the store must not stop the log with a day that never comes.
  return days.filter((day) => /^\d{8}$/.test(day) && day <= last).sort()
}

/** The day of the oldest entry. `undefined` while the log is empty. */
export async function firstDay(store: Pick<Store, 'list'>, signal: AbortSignal): Promise<string | undefined> {
  const { keys } = await store.list(`${collection}/`, signal)
  return keys[0]?.split('/')[1]
}

/** The day after, as `yyyymmdd`. */
export function dayAfter(day: string): string {
  const date = new Date(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`)
  return new Date(date.getTime() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
}
