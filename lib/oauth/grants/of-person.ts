import { type Defined, defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import { readGrant } from './grants.ts'
import { type GrantKey, type GrantRecord, grantMonth, subjectOfGrant } from './record.ts'

/** What a person is told about a grant of theirs. Its key stays here. Times in seconds since the epoch. */
export interface PersonalGrant
  extends Defined<Pick<GrantRecord, 'clientHash' | 'clientName' | 'createdAt' | 'rotatedAt' | 'endsAt'>> {
  /** It is the one that was asked with. */
  readonly own: boolean
}

export interface PersonalGrants {
  /** The latest first. */
  readonly grants: readonly PersonalGrant[]
  /** There are more records than one answer may cost; what they say is not known. */
  readonly more: boolean
}

const subjectForm = /^u_[\w-]{43}$/
/** A grant lasts 180 days at most: it ends this month or in one of the six that follow. */
const months = 7
/** Records that are read for one answer, ended ones included: those stay until their month is over. */
const mostRead = 40

/**
 * The grants that still stand of the person who holds `own`, which is among them unless it has ended. Costs one `list`
 * for each of seven months, all at once, and then at most 40 reads, all at once. Throws `StoreUnavailable`, also for a
 * damaged record.
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
  // What is no such id must not become part of a prefix: it might be one of other people's grants, too.
  if (!subjectForm.test(sub)) return { grants: [], more: false }
  const pages = await Promise.all(monthsFrom(now).map((month) => store.list(`${month}/${sub}/`, signal)))
  // What ends last was granted last.
  const listed = pages.toReversed().flatMap(({ keys }) => keys)
  const keys = [...new Set([own, ...listed])]
  const read = keys.slice(0, mostRead).map(async (key) => {
    const grant = await readPersonalGrant(store, key, now, signal)
    return grant && { ...grant, own: key === own }
  })
  const grants = (await Promise.all(read)).filter((grant) => grant !== null)
  return {
    grants: grants.toSorted((a, b) => b.createdAt - a.createdAt),
    more: keys.length > mostRead || pages.some(({ next }) => next !== undefined),
  }
}

/** `null`: it has ended. */
async function readPersonalGrant(
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

/** `now` in seconds. Whoever let the refresh token expire has signed out, too. */
const stands = ({ revokedAt, expiresAt, endsAt }: GrantRecord, now: number) =>
  revokedAt === undefined && Math.min(expiresAt, endsAt) > now

function monthsFrom(now: number): readonly string[] {
  const date = new Date(now)
  return Array.from({ length: months }, (_, index) =>
    grantMonth(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index, 1) / 1000),
  )
}
