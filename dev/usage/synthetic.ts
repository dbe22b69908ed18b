import type { UsageEvent } from '../../lib/people/usage/event.ts'
import type { EventStores } from '../../lib/people/usage/event-stores.ts'
import { createPseudonymSource } from '../../lib/people/usage/pseudonyms.ts'
import { startOfDay } from '../../lib/people/usage/time.ts'
import { type BlobsStore, type BlobsStoreOptions, createBlobsStore } from '../../lib/store/blobs/blobs.ts'

/** A population that calls tools on some days. Everything about a call follows from its index, so that all processes agree on it. */
export interface Population {
  readonly calls: number
  readonly people: number
  readonly companies: number
  /** The first day, `yyyymmdd`. */
  readonly first: string
  readonly days: number
}

const dayMilliseconds = 86_400_000

/** The person of a call. Some people call much more often than others. */
export const personOf = (index: number, { people }: Population): number =>
  index < people ? index : Math.floor(people * fraction(index) ** 3)

const subOf = (person: number) => `u_${String(person).padStart(43, '0')}`
export const domainOfCompany = (company: number): string => `company-${company}.example`
const companyOf = (person: number, { companies }: Population) => Math.floor(companies * fraction(person + 7) ** 2)

/** Returns a number from 0 to 1 that looks random, and is always the same for one index (the finalizer of MurmurHash3). */
function fraction(index: number): number {
  let hash = Math.imul(index ^ (index >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

export function callOf(index: number, population: Population): UsageEvent {
  const person = personOf(index, population)
  const at = startOfDay(population.first) + Math.floor(fraction(index + 1) * population.days * dayMilliseconds)
  const luck = fraction(index + 2)
  return {
    at,
    sub: subOf(person),
    person: { email: `someone@${domainOfCompany(companyOf(person, population))}`, emailVerified: true },
    client: { hash: 'h', name: `Client ${person % 30}` },
    what: { kind: 'call', tool: `tool_${index % 6}` },
    outcome:
      luck < 0.95
        ? { kind: 'ok' }
        : { kind: luck < 0.98 ? 'failed' : 'refused', reason: luck < 0.98 ? 'timeout' : 'limit' },
    milliseconds: Math.floor(10 + 5_000 * fraction(index + 3) ** 4),
  }
}

export const subOfPerson = subOf

/** The name of the store of a day's events. */
export const syntheticEvents = (day: string): string => `synthetic-usage-${day}`

type Client = NonNullable<BlobsStoreOptions['client']>

/** The stores of the population, on a Blobs emulator. */
export function syntheticStores(client: Client): { readonly store: BlobsStore; readonly events: EventStores } {
  const open = (name: string) => createBlobsStore({ name, client, retryDelays: [20, 100] })
  const days = new Map<string, BlobsStore>()
  return {
    store: open('synthetic'),
    events: {
      of(day) {
        const known = days.get(day) ?? open(syntheticEvents(day))
        days.set(day, known)
        return known
      },
    },
  }
}

/** The pseudonyms of the population. The key is not secret. */
export const syntheticPseudonyms = (store: BlobsStore, since: number) =>
  createPseudonymSource({
    store,
    issuerHash: 'synthetic',
    sealer: { kid: 'synthetic', seal: ({ key }) => key, open: (key) => ({ key }) },
    now: () => since,
  })
