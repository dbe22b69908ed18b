import { dayOf } from '../../base/days.ts'
import { defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import { byPerson, collection, keyOfEntry, type RecordedEntry, readEntryKey, recordedEntry } from './entry.ts'
import { createAuditNames } from './salts.ts'

export interface AuditQuery {
  /** Milliseconds since the epoch: entries from this moment on. */
  readonly from: number
  /** Entries before this moment. */
  readonly to: number
  /** Only entries about this person, by our own id. */
  readonly sub?: string
  /** Only this action. `admin` stands for every action of an admin. */
  readonly action?: string
  /** At most this many, up to 200. The default is 100. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string
}

/** Entries, the newest first. */
export interface AuditPage {
  readonly entries: readonly RecordedEntry[]
  /** Absent on the last page. A page may be short or empty and still have a next one, since its search has taken long enough. */
  readonly next?: string
}

/** Prefixes that are listed at once. */
const atOnce = 8
/** Listings of the store for one page. */
const mostLists = 240
const defaultLimit = 100
const mostEntries = 200

/**
 * Reads entries of the audit log. The keys say when, what and about whom, so that only the entries of the page are read. Throws
 * `StoreUnavailable`.
 */
export async function auditEntries(
  store: Pick<Store, 'get' | 'list' | 'create'>,
  query: AuditQuery,
  signal: AbortSignal,
): Promise<AuditPage> {
  // An admin may ask about any text. One that is no id is no part of a key.
  const isId = query.sub !== undefined && /^u_[\w-]{1,64}$/.test(query.sub)
  const person = isId ? await createAuditNames(store).name(query.sub, signal) : undefined
  // A person without a salt has no entries that could be found.
  if (query.sub !== undefined && person === undefined) return { entries: [] }
  const limit = Math.max(1, Math.min(query.limit ?? defaultLimit, mostEntries))
  const found: string[] = []
  const { cursor } = query
  const isLeft = (key: string) => cursor === undefined || key < cursor
  const left = [...prefixes(query, person)].filter((prefix) => isLeft(startOf(prefix)))
  let lists = 0
  for (let i = 0; i < left.length; i += atOnce) {
    const batch = left.slice(i, i + atOnce)
    const listed = await Promise.all(batch.map((prefix) => listAll(store, prefix, signal)))
    lists += listed.reduce((sum, { pages }) => sum + pages, 0)
    for (const key of listed.flatMap(({ all }) => all.toSorted().reverse())) {
      if (!isLeft(key) || !matches(key, query)) continue
      if (found.length === limit)
        return { entries: await read(store, found, signal), ...defined({ next: found.at(-1) }) }
      found.push(key)
    }
    // The least key of what has been searched: the next page goes on below it.
    if (lists >= mostLists) return { entries: await read(store, found, signal), next: startOf(batch.at(-1) ?? '') }
  }
  return { entries: await read(store, found, signal) }
}

/** The prefixes to list, the newest first: the hours of the time asked for, or the days of one person. */
function* prefixes({ from, to }: AuditQuery, person: string | undefined): Generator<string> {
  const step = person === undefined ? 3_600_000 : 86_400_000
  for (let time = Math.floor((to - 1) / step) * step; time + step > from; time -= step) {
    const hour = new Date(time).toISOString().slice(11, 13)
    yield person === undefined ? `${collection}/${dayOf(time)}/${hour}/` : `${byPerson}/${dayOf(time)}/${person}/`
  }
}

/** The least key of an entry below a prefix. All keys of one page are those of entries. */
function startOf(prefix: string): string {
  const [name, day, hour] = prefix.split('/')
  return name === byPerson ? `${collection}/${day}/` : `${collection}/${day}/${hour}/`
}

async function listAll(store: Pick<Store, 'list'>, prefix: string, signal: AbortSignal) {
  const all: string[] = []
  let pages = 0
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, signal, cursor)
    all.push(...page.keys.map((key) => (key.startsWith(`${byPerson}/`) ? keyOfEntry(key) : key)))
    pages += 1
    cursor = page.next
  } while (cursor !== undefined)
  return { all, pages }
}

function matches(key: string, { from, to, action }: AuditQuery): boolean {
  const entry = readEntryKey(key)
  if (!entry || entry.at < from || entry.at >= to) return false
  return action === undefined || entry.action === action || (action === 'admin' && entry.action.startsWith('admin-'))
}

async function read(store: Pick<Store, 'get'>, keys: readonly string[], signal: AbortSignal) {
  const entries = await Promise.all(
    keys.map(async (key) => {
      const stored = await store.get(key, signal)
      const facts = readEntryKey(key)
      return stored && facts ? recordedEntry(facts, stored.value) : null
    }),
  )
  return entries.filter((entry) => entry !== null)
}
