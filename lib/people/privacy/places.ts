import { dayBefore } from '../../base/days.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { keysUnder, removeUnder } from '../../store/keys-under.ts'
import type { Store } from '../../store/store.ts'
import { auditPlace } from '../audit/place.ts'
import { messagesPlace } from '../outbox/place.ts'
import { type UsagePlacesOptions, usagePlaces } from '../usage/place.ts'
import { userKey } from '../users.ts'
import { lastSeenKey, monthOf, monthsBetween } from './last-seen.ts'
import type { PersonalData } from './personal-data.ts'
import type { HeldRecord, Place } from './place.ts'

/** What the places need. A part of the service that adds a place adds what it needs here; `lib/service/privacy.ts` hands it in. */
export interface PlaceParts {
  readonly store: Store
  /** Revokes the token of a grant at the provider, and removes it from the vault. Absent: there is no vault. */
  readonly endVault?: ((grant: string, signal: AbortSignal) => Promise<void>) | undefined
  readonly personalData: PersonalData
  /** Opens the messages for the CRM. */
  readonly outboxSeal: Parameters<typeof messagesPlace>[0]['seal']
  /** Days that the audit log is kept. */
  readonly auditDays: number
  /** Where usage is counted, and under which pseudonyms. */
  readonly usage: Pick<UsagePlacesOptions, 'events' | 'pseudonyms'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Lists every place that holds something about a person. A part of the service that stores something about people adds its place
 * here, and its keys to docs/storage.md and docs/privacy.md. Forgetting walks the list from its beginning to its end: the user's own
 * record is last, since it leads to other places. The test `tests/flows/forgetting.test.ts` scans the whole store for what is missing here.
 */
export function places(parts: PlaceParts): readonly Place[] {
  return [
    grants(parts),
    vault(parts),
    connections(parts),
    messagesPlace({ store: parts.store, seal: parts.outboxSeal }),
    ...usagePlaces({ store: parts.store, ...parts.usage, now: parts.now }),
    signOuts(parts),
    jobsAndFence(parts),
    auditPlace({ store: parts.store, now: parts.now, keptDays: parts.auditDays }),
    lastSeen(parts),
    user(parts),
  ]
}

const atOnce = 16

/** A malformed ID could match other people's records as a prefix. */
const subjectForm = /^[\w.-]+$/

/** A place whose records are all keys with one of some prefixes. */
function under(
  { store }: PlaceParts,
  place: Pick<Place, 'keys' | 'name'>,
  prefixesOf: (sub: string) => readonly string[],
): Place {
  const prefixes = (sub: string) => (subjectForm.test(sub) ? prefixesOf(sub) : [])
  return {
    ...place,
    async *read(sub, signal) {
      for (const prefix of prefixes(sub)) yield* recordsUnder(store, prefix, signal)
    },
    async forget(sub, signal) {
      for (const prefix of prefixes(sub)) await removeUnder(store, prefix, signal)
    },
  }
}

async function* recordsUnder(store: Store, prefix: string, signal: AbortSignal): AsyncGenerator<HeldRecord> {
  for await (const key of keysUnder(store, prefix, signal)) {
    const stored = await store.get(key, signal)
    if (stored) yield { key, value: stored.value }
  }
}

/** Months of grants before and after this one. A grant ends within half a year, and the sweep removes it in the month after. */
const grantMonths = { before: 7, after: 7 }

function monthsOfGrants({ now }: PlaceParts): readonly string[] {
  const date = new Date(now())
  const { before, after } = grantMonths
  return Array.from({ length: before + 1 + after }, (_, index) =>
    monthOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - before + index, 1) / 1000),
  )
}

function grants(parts: PlaceParts): Place {
  const prefixes = (sub: string) => monthsOfGrants(parts).map((month) => `grants/${month}/${sub}/`)
  return under(parts, { keys: 'grants/<yyyymm>/<sub>/<id>', name: 'grants' }, prefixes)
}

/** The provider's tokens. What is sealed in them is a secret, and is left out. */
function vault(parts: PlaceParts): Place {
  const { store } = parts
  const place = { keys: 'vault/<yyyymm>/<sub>/<id>, vault-due/<due>/<yyyymm>/<sub>/<id>', name: 'vault' }
  const records = under(parts, place, (sub) => monthsOfGrants(parts).map((month) => `vault/${month}/${sub}/`))
  return {
    ...place,
    async *read(sub, signal) {
      for await (const { key } of records.read(sub, signal)) yield { key, value: { sealed: true } }
    },
    async forget(sub, signal) {
      if (parts.endVault) {
        for await (const { key } of records.read(sub, signal)) {
          await parts.endVault(`grants/${key.slice('vault/'.length)}`, signal)
        }
      }
      await records.forget(sub, signal)
      for await (const key of keysUnder(store, 'vault-due/', signal)) {
        if (key.split('/')[3] === sub) await store.remove(key, signal)
      }
    },
  }
}

function connections(parts: PlaceParts): Place {
  return under(parts, { keys: 'connections/<sub>/<client hash>', name: 'connections' }, (sub) => [
    `connections/${sub}/`,
  ])
}

/** Days from a sign-out at the provider until the sweep has certainly removed its record. */
const daysOfSignOuts = 4

/** The sign-outs at the provider. The fence of the person ends every session that they would end, and stays longer than a session lives. */
function signOuts({ store, now }: PlaceParts): Place {
  async function* keysOf(sub: string, signal: AbortSignal): AsyncGenerator<string> {
    if (!subjectForm.test(sub)) return
    for (let days = 0; days < daysOfSignOuts; days++) {
      const key = `signed-out/${dayBefore(now(), days)}/${sub}`
      for await (const found of keysUnder(store, key, signal)) {
        // Another person's ID may begin with this one.
        if (found === key || found.startsWith(`${key}.`)) yield found
      }
    }
  }
  return {
    keys: 'signed-out/<yyyymmdd>/<sub>, signed-out/<yyyymmdd>/<sub>.<session>',
    name: 'signOuts',
    async *read(sub, signal) {
      for await (const key of keysOf(sub, signal)) {
        const stored = await store.get(key, signal)
        if (stored) yield { key, value: stored.value }
      }
    },
    async forget(sub, signal) {
      for await (const key of keysOf(sub, signal)) await store.remove(key, signal)
    },
  }
}

/** The fence and the jobs of a person. The last step of the job removes them. */
function jobsAndFence({ store }: PlaceParts): Place {
  return {
    keys: 'ended/<sub>, ending/<due>/<sub>, forget/<due>/<sub>',
    name: 'endings',
    async *read(sub, signal) {
      const fence = await store.get(`ended/${sub}`, signal)
      if (fence) yield { key: `ended/${sub}`, value: fence.value }
      for (const collection of ['ending/', 'forget/']) {
        for await (const key of keysUnder(store, collection, signal)) {
          const stored = key.endsWith(`/${sub}`) ? await store.get(key, signal) : null
          if (stored) yield { key, value: stored.value }
        }
      }
    },
    async forget() {},
  }
}

/** The month of the last sign-in. Interrupted sign-ins may have left others. */
function lastSeen({ store, now }: PlaceParts): Place {
  return {
    keys: 'last-seen/<yyyymm>/<sub>',
    name: 'lastSeen',
    async *read(sub, signal) {
      const lastSeenAt = (await store.get(userKey(sub), signal))?.value.lastSeenAt
      const key = typeof lastSeenAt === 'number' ? lastSeenKey(sub, lastSeenAt) : null
      if (key && (await store.get(key, signal))) yield { key, value: {} }
    },
    async forget(sub, signal) {
      const first = (await store.get(userKey(sub), signal))?.value.firstSeenAt
      const months = monthsBetween(typeof first === 'number' ? first : now() / 1000, now() / 1000)
      await inParallel(months, atOnce, (month) => store.remove(lastSeenKey(sub, month), signal))
    },
  }
}

function user({ store, personalData }: PlaceParts): Place {
  return {
    keys: 'users/<sub>',
    name: 'user',
    async *read(sub, signal) {
      const key = userKey(sub)
      const stored = await store.get(key, signal)
      if (stored) yield { key, value: personalData.open(key, stored.value) }
    },
    forget: (sub, signal) => store.remove(userKey(sub), signal),
  }
}
