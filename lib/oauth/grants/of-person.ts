import { type Defined, defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import { readGrant } from './read-grant.ts'
import { type GrantKey, type GrantRecord, grantMonth, subjectOfGrant } from './record.ts'

/** A grant as its user sees it, without its key. Times are in seconds since the epoch. */
export interface PersonalGrant
  extends Defined<Pick<GrantRecord, 'clientHash' | 'clientName' | 'createdAt' | 'rotatedAt' | 'endsAt'>> {
  /** Whether the request uses a token of this grant. */
  readonly own: boolean
}

export interface PersonalGrants {
  /** The latest grant first. */
  readonly grants: readonly PersonalGrant[]
  /** Whether there are further records, which one answer does not read. */
  readonly more: boolean
}

const subjectForm = /^u_[\w-]{43}$/
/** A grant lasts at most 180 days, so it ends in this month or in one of the next six. */
const months = 7
/** Records that are read for one answer. Ended grants count, since their records stay until their month is over. */
const mostRead = 40

/**
 * Lists the live grants of the user of the grant `own`, which is among them unless it has ended. Makes seven concurrent calls of
 * `list`, one for each month, and then at most 40 concurrent reads. Throws `StoreUnavailable`, also for a damaged record.
 *
 * @param now milliseconds since the epoch
 */
export async function grantsOfPerson(
  store: Store,
  own: GrantKey,
  now: number,
  signal: AbortSignal,
): Promise<PersonalGrants> {
  const sub = subjectOfGrant(own)
  if (!subjectForm.test(sub)) return { grants: [], more: false }
  const listed = await grantKeysOfPerson(store, sub, now, signal)
  const keys = [...new Set([own, ...listed.keys])]
  const read = keys.slice(0, mostRead).map(async (key) => {
    const grant = await readPersonalGrant(store, key, now, signal)
    return grant && { ...grant, own: key === own }
  })
  const grants = (await Promise.all(read)).filter((grant) => grant !== null)
  return {
    grants: grants.toSorted((a, b) => b.createdAt - a.createdAt),
    more: keys.length > mostRead || listed.more,
  }
}

/**
 * Lists the keys of a person's grants, the latest first: those that are live, and those that have ended and are not removed
 * yet. `more`: the store has further keys than one page of a month. Throws `StoreUnavailable`.
 *
 * @param now milliseconds since the epoch
 */
export async function grantKeysOfPerson(
  store: Store,
  sub: string,
  now: number,
  signal: AbortSignal,
): Promise<{ readonly keys: readonly GrantKey[]; readonly more: boolean }> {
  const pages = await Promise.all(grantPrefixes(sub, now).map((prefix) => store.list(prefix, signal)))
  // The grant that ends last is the latest.
  return { keys: pages.toReversed().flatMap(({ keys }) => keys), more: pages.some(({ next }) => next !== undefined) }
}

/** Returns `null` if the grant has ended. */
export async function readPersonalGrant(
  store: Store,
  key: GrantKey,
  now: number,
  signal: AbortSignal,
): Promise<Omit<PersonalGrant, 'own'> | null> {
  const grant = await readGrant(store, key, signal)
  if (!grant || !stands(grant.record, now / 1000)) return null
  const { clientHash, clientName, createdAt, rotatedAt, endsAt } = grant.record
  return defined({ clientHash, clientName, createdAt, rotatedAt, endsAt })
}

/** `now` is in seconds. A grant whose refresh token has expired has ended, too. */
const stands = ({ revokedAt, expiresAt, endsAt }: GrantRecord, now: number) =>
  revokedAt === undefined && Math.min(expiresAt, endsAt) > now

/**
 * Returns the prefixes of all grants of a person that may be live, one for each month. There is none for a malformed ID, which
 * as a prefix could match other people's grants. `now` is in milliseconds.
 */
export function grantPrefixes(sub: string, now: number): readonly string[] {
  if (!subjectForm.test(sub)) return []
  const date = new Date(now)
  return Array.from({ length: months }, (_, index) => {
    const month = grantMonth(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index, 1) / 1000)
    return `${month}/${sub}/`
  })
}
