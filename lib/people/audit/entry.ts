import { sha256 } from '../../base/sha256.ts'
import type { StoreValue } from '../../store/store.ts'

/**
 * What happened.
 * - `sign-in`: the OpenID Provider said who the user is, and the user agreed.
 * - `grant`: a client exchanged its code. It may now act for the user.
 * - `refusal`: a known user, or a client of theirs, was refused.
 * - `replay`: a code or an old refresh token was used again, and the grant has ended.
 * - `revocation`: the client, the user or an admin ended a grant.
 * - `disclosure`, `forgetting`: a person downloaded, or asked to delete, what is held on them.
 * - `admin-…`: an admin did something, for example `admin-forget`, `admin-block`, `admin-export`, `admin-trace`.
 */
export type AuditAction =
  | 'sign-in'
  | 'grant'
  | 'refusal'
  | 'replay'
  | 'revocation'
  | 'disclosure'
  | 'forgetting'
  | `admin-${string}`

/** What a caller reports. The log adds the time, and replaces people by pseudonyms. */
export interface AuditEntry {
  readonly action: AuditAction
  /** Our own id of the person whom it is about. */
  readonly sub?: string | undefined
  /** Who did it, if that is another than the person or the client: the id of an admin, or `token` for the admin token. */
  readonly actor?: string | undefined
  /** base64url SHA-256 of the client_id. */
  readonly client?: string | undefined
  /** The code of the attempt. */
  readonly attempt?: string | undefined
  /** Key of the grant. Only the first characters of its random part are recorded. */
  readonly grant?: string | undefined
  /** One word of ours. */
  readonly reason?: string | undefined
  /** A sentence for people, without personal data. */
  readonly detail?: string | undefined
}

/** An entry as it stands in the log. */
export interface RecordedEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly action: string
  /** Pseudonym of the person. Absent if the entry is about no person, or the person had already been forgotten. */
  readonly person?: string
  /** Pseudonym of the admin who did it, or `token`. */
  readonly actor?: string
  readonly client?: string
  readonly attempt?: string
  readonly grant?: string
  readonly reason?: string
  readonly detail?: string
}

export const collection = 'audit'
/** The same keys by person, so that the entries of a person are found without reading those of all others. */
export const byPerson = 'audit-people'

/** Stands in a key for an entry about no person. */
const noPerson = '0'

/** Two entries of the same moment differ by `id`. */
export type EntryValue = StoreValue & { readonly id: string }

/** What a key says about its entry. */
export interface EntryKey {
  readonly day: string
  readonly hour: string
  readonly at: number
  readonly action: string
  readonly person: string | undefined
  /** base64url SHA-256 of the value. */
  readonly hash: string
}

const actionForm = /^[a-z][a-z-]{0,39}$/
const keyForm = /^(\d{8})\/(\d{2})\/(\d{13})\.([a-z][a-z-]{0,39})\.([\w-]+)\.([\w-]{43})$/

/**
 * Returns the key of an entry: `audit/<yyyymmdd>/<hh>/<time>.<action>.<person>.<hash of the value>`. The keys of a day therefore say
 * everything that its digest must cover, and which values answer a question. Throws `TypeError` for an action of another form.
 */
export function entryKey(at: number, action: string, person: string | undefined, value: EntryValue): string {
  if (!actionForm.test(action)) throw new TypeError('not an action')
  const [date = '', time = ''] = new Date(at).toISOString().split('T')
  const tail = `${at}.${action}.${person ?? noPerson}.${hashOf(value)}`
  return `${collection}/${date.replaceAll('-', '')}/${time.slice(0, 2)}/${tail}`
}

/** Reads a key of either collection. Returns `null` for a key of another form. */
export function readEntryKey(key: string): EntryKey | null {
  const rest = key.startsWith(`${collection}/`) ? key.slice(collection.length + 1) : ''
  const [, day = '', hour = '', at, action = '', person = '', hash = ''] = keyForm.exec(rest) ?? []
  if (at === undefined) return null
  return { day, hour, at: Number(at), action, person: person === noPerson ? undefined : person, hash }
}

/** The key of the same entry by person: `audit-people/<yyyymmdd>/<person>/<hh>.<the rest>`. */
export function keyByPerson(key: string, person: string): string {
  const [, day, hour, tail] = key.split('/')
  return `${byPerson}/${day}/${person}/${hour}.${tail}`
}

/** The key of the entry that a key by person stands for. */
export function keyOfEntry(keyOfPerson: string): string {
  const [, day, , rest = ''] = keyOfPerson.split('/')
  return `${collection}/${day}/${rest.slice(0, 2)}/${rest.slice(3)}`
}

/** Hashes a value, whatever the order of its members. */
export function hashOf(value: StoreValue): string {
  return sha256(JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** Puts key and value together. */
export function recordedEntry({ at, action, person }: EntryKey, value: StoreValue): RecordedEntry {
  const texts = ['actor', 'client', 'attempt', 'grant', 'reason', 'detail']
  const told = texts.flatMap((name) => (typeof value[name] === 'string' ? [[name, value[name]]] : []))
  return { at, action, ...(person !== undefined && { person }), ...Object.fromEntries(told) }
}
