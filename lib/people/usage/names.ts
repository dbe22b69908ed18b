import { defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import type { Company } from '../company.ts'
import type { SignIn } from '../sign-in.ts'
import type { CompanyName } from './compose-day.ts'
import type { PseudonymSource, Pseudonyms } from './pseudonyms.ts'
import { dayNumber, dayOf } from './time.ts'
import { update } from './update.ts'

/** The record that tells which person a pseudonym stands for, and which indexes list the person. */
export const personNameKey = (person: string): string => `people/${person}`
export const companyNameKey = (company: string): string => `companies/${company}`
export const clientNameKey = (client: string): string => `clients/${client}`
/** An entry in the index of the people of a company. The key holds everything, and the value is empty. */
export const companyPersonKey = (company: string, sub: string): string => `company-people/${company}/${sub}`
/** An entry in the index for the search by exact email address. The key holds a keyed hash of the address. */
export const addressPersonKey = (address: string, sub: string): string => `people-by-address/${address}/${sub}`
/** An entry in the index of people by the day of their first sign-in, the latest day first. */
export const newPersonKey = (day: string, sub: string): string => `${newPeopleOf(day)}${sub}`
export const newPeopleOf = (day: string): string => `${newPeople}${farDay - dayNumber(day)}/`
export const newPeople = 'people-since/'
/** Greater than the number of any day. Its differences from those numbers all have five digits, so that keys sort in order. */
const farDay = 90_000

export interface NameRecorderOptions {
  readonly store: Store
  readonly pseudonyms: Pick<PseudonymSource, 'load'>
  readonly companyOf: (person: SignIn) => Company | null
}

/**
 * Makes the function that records at a sign-in which person, company and client the pseudonyms stand for, and adds the person to
 * the indexes. A sign-in that changes nothing costs one read. Throws `StoreUnavailable`.
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

  /** Replaces the names of a company by the latest ones. */
  async function nameCompany(company: string, names: CompanyName, at: number, signal: AbortSignal): Promise<void> {
    const facts = defined({ name: names.name, domain: names.domain })
    await update(store, companyNameKey(company), (value) => ({ firstSeenAt: at, ...value, ...facts }), signal)
  }

  /** Returns when the person first signed in, in seconds since the epoch, also if that was before names were recorded. */
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
    // This write comes after the others: if it is missing, the next sign-in repeats all of them.
    await store.put(key, defined(now), signal)
    if (typeof before?.company === 'string' && before.company !== company) {
      await store.remove(companyPersonKey(before.company, sub), signal)
    }
    if (typeof before?.address === 'string' && before.address !== address) {
      await store.remove(addressPersonKey(before.address, sub), signal)
    }
  }
}

/** Reads the names of a company. The result is empty if it has none. */
export async function companyNameOf(store: Store, company: string, signal: AbortSignal): Promise<CompanyName> {
  const value = (await store.get(companyNameKey(company), signal))?.value
  return defined({ name: textOf(value?.name), domain: textOf(value?.domain) })
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
