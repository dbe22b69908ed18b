import { defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import type { Company } from '../company.ts'
import type { SignIn } from '../sign-in.ts'
import type { CompanyName } from './compose-day.ts'
import type { PseudonymSource, Pseudonyms } from './pseudonyms.ts'
import { dayNumber, dayOf } from './time.ts'
import { update } from './update.ts'

/** Whose pseudonym it is, and in which indexes the person is. */
export const personNameKey = (person: string): string => `people/${person}`
export const companyNameKey = (company: string): string => `companies/${company}`
export const clientNameKey = (client: string): string => `clients/${client}`
/** The people of a company; the key says all. */
export const companyPersonKey = (company: string, sub: string): string => `company-people/${company}/${sub}`
/** For a search that is exact on the address, whose keyed hash is in the key. */
export const addressPersonKey = (address: string, sub: string): string => `people-by-address/${address}/${sub}`
/** People by the day of their first sign-in, the latest first. */
export const newPersonKey = (day: string, sub: string): string => `${newPeopleOf(day)}${sub}`
export const newPeopleOf = (day: string): string => `${newPeople}${farDay - dayNumber(day)}/`
export const newPeople = 'people-since/'
/** More than the number of any day, and of as many digits as all differences from it. */
const farDay = 90_000

export interface NameRecorderOptions {
  readonly store: Store
  readonly pseudonyms: Pick<PseudonymSource, 'load'>
  readonly companyOf: (person: SignIn) => Company | null
}

/**
 * Makes the function that writes the names of ids at a sign-in: those of the person, the company and the client, and the indexes in
 * which people are found. A sign-in that changes nothing costs one read. Throws `StoreUnavailable`.
 */
export function createNameRecorder({ store, pseudonyms, companyOf }: NameRecorderOptions) {
  /** Clients whose name this instance has written. */
  const known = new Set<string>()

  async function nameClient({ client }: SignIn, names: Pseudonyms, signal: AbortSignal): Promise<void> {
    const id = names.client(client)
    if (known.has(id)) return
    await store.create(clientNameKey(id), defined({ name: client.name, host: client.host }), signal)
    if (known.size < 1000) known.add(id)
  }

  /** Names may have changed since, and the latest ones are kept. */
  async function nameCompany(company: string, names: CompanyName, at: number, signal: AbortSignal): Promise<void> {
    const facts = defined({ name: names.name, domain: names.domain })
    await update(store, companyNameKey(company), (value) => ({ firstSeenAt: at, ...value, ...facts }), signal)
  }

  /** People may have signed in before this record was kept. */
  async function firstSeen(sub: string, signal: AbortSignal): Promise<number> {
    const user = await store.get(`users/${sub}`, signal)
    return typeof user?.value.firstSeenAt === 'number' ? user.value.firstSeenAt : Number.POSITIVE_INFINITY
  }

  return async (signIn: SignIn, signal: AbortSignal): Promise<void> => {
    const names = await pseudonyms.load(signal)
    const { sub, email, at } = signIn
    const found = companyOf(signIn)
    const key = personNameKey(names.person(sub))
    const stored = await store.get(key, signal)
    const before = stored?.value
    const now = {
      sub,
      company: found ? names.company(found.id) : undefined,
      companyNames: found ? defined({ name: found.name, domain: found.domain }) : undefined,
      address: email === undefined ? before?.address : names.address(email),
      since: before?.since ?? dayOf(1000 * Math.min(at, await firstSeen(sub, signal))),
    }
    await nameClient(signIn, names, signal)
    if (before && JSON.stringify(defined(now)) === JSON.stringify(before)) return
    const { company, address, companyNames, since } = now
    const writes = [
      company === undefined ? undefined : store.put(companyPersonKey(company, sub), {}, signal),
      company === undefined ? undefined : nameCompany(company, companyNames ?? {}, at, signal),
      typeof address === 'string' ? store.put(addressPersonKey(address, sub), {}, signal) : undefined,
      typeof since === 'string' ? store.put(newPersonKey(since, sub), {}, signal) : undefined,
    ]
    await Promise.all(writes)
    // Written last but for the removals: a recording that was cut off is repeated at the next sign-in.
    await store.put(key, defined(now), signal)
    if (typeof before?.company === 'string' && before.company !== company) {
      await store.remove(companyPersonKey(before.company, sub), signal)
    }
    if (typeof before?.address === 'string' && before.address !== address) {
      await store.remove(addressPersonKey(before.address, sub), signal)
    }
  }
}

/** The names of a company; empty if it has none. */
export async function companyNameOf(store: Store, company: string, signal: AbortSignal): Promise<CompanyName> {
  const value = (await store.get(companyNameKey(company), signal))?.value
  return defined({ name: textOf(value?.name), domain: textOf(value?.domain) })
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
