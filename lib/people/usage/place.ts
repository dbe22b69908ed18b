import { inParallel } from '../../base/in-parallel.ts'
import type { Store } from '../../store/store.ts'
import type { HeldRecord, Place } from '../privacy/place.ts'
import { eventKey, forgotten, slicePrefix } from './event-key.ts'
import type { EventStores } from './event-stores.ts'
import { addressPersonKey, companyPersonKey, newPersonKey, personNameKey, textOf } from './names.ts'
import { readPeopleSummary, readPersonSummary, toPeopleSummaryValue } from './people-summary.ts'
import { createPeopleTable, type PeopleTable, readPeopleTable, usesOfPerson } from './people-table.ts'
import type { PseudonymSource } from './pseudonyms.ts'
import { listEvents } from './raw-events.ts'
import { progress } from './roll-up.ts'
import { dayKey, dayPersonKeys, peopleKey, personShard } from './shards.ts'
import { sliceKey } from './slices.ts'
import { soFarKey } from './so-far.ts'
import { type Day, dayAfter, dayOf, daysBetween, slicesIn } from './time.ts'
import { listAll, update } from './update.ts'

export interface UsagePlacesOptions {
  readonly store: Store
  readonly events: EventStores
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const atOnce = 16

/**
 * Lists the places where usage holds a person, in the order in which they forget the person. While a job `forget/…` of the person
 * is open, no rollup writes their name, so that a place that has forgotten them stays clean.
 */
export function usagePlaces(options: UsagePlacesOptions): readonly Place[] {
  return [eventsPlace(options), slicesPlace(options), daysPlace(options), summaryPlace(options), namesPlace(options)]
}

/** The pseudonym of a person; `null`: nothing was ever recorded. */
const nameOf = async ({ pseudonyms }: UsagePlacesOptions, sub: string, signal: AbortSignal) =>
  (await pseudonyms.existing(signal))?.person(sub) ?? null

/** The days whose events may still be there. */
async function openDays({ store, pseudonyms, now }: UsagePlacesOptions, signal: AbortSignal): Promise<readonly Day[]> {
  const names = await pseudonyms.existing(signal)
  if (!names) return []
  const { composed, counted } = await progress({ store, now }, signal)
  const latest = [...composed].at(-1)
  const open = daysBetween(latest === undefined ? dayOf(names.since) : dayAfter(latest), dayOf(now()))
  return [...new Set([...counted.keys(), ...open])]
}

function eventsPlace(options: UsagePlacesOptions): Place {
  async function eventsOf(sub: string, signal: AbortSignal) {
    const name = await nameOf(options, sub, signal)
    const slices = name === null ? [] : (await openDays(options, signal)).flatMap((day) => [...slicesIn(day)].map((slice) => ({ day, slice }))) // biome-ignore format: one line
    const found = await inParallel(slices, atOnce, async ({ day, slice }) => {
      const store = options.events.of(day)
      const own = []
      for await (const found of listEvents(store, slicePrefix(slice), signal)) {
        if (found.event.person === name) own.push({ ...found, store })
      }
      return own
    })
    return found.flat()
  }
  return {
    keys: 'usage/<yyyymmddhhm>/<time>/<person>/… in the store of a day',
    name: 'usageEvents',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      for (const { key, event } of await eventsOf(sub, signal)) yield { key, value: event }
    },
    async forget(sub, signal) {
      await inParallel(await eventsOf(sub, signal), atOnce, async ({ key, event, store }) => {
        // The event stays without the person. The anonymous event is written before the other one is removed. While both exist,
        // they count as one.
        await store.put(eventKey({ ...event, person: forgotten }), {}, signal)
        await store.remove(key, signal)
      })
    },
  }
}

function slicesPlace(options: UsagePlacesOptions): Place {
  const { store } = options
  async function keysNow(signal: AbortSignal): Promise<readonly string[]> {
    const { counted } = await progress(options, signal)
    const slices = [...counted.values()].flatMap((ofDay) => [...ofDay].map(sliceKey))
    return [...slices, ...(await openDays(options, signal)).map(soFarKey)]
  }
  return {
    keys: 'usage-slices/<yyyymmdd>/<hhm>, usage-so-far/<yyyymmdd>',
    name: 'usageSlices',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      const name = await nameOf(options, sub, signal)
      if (name !== null) yield* readTables(store, await keysNow(signal), name, signal)
    },
    async forget(sub, signal) {
      const name = await nameOf(options, sub, signal)
      if (name !== null) await forgetInTables(store, await keysNow(signal), name, signal)
    },
  }
}

function daysPlace(options: UsagePlacesOptions): Place {
  const { store } = options
  /** Returns the keys of all days, including days whose composition is not finished. */
  async function keysOf(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const days = (await listAll(store, dayKey(''), signal)).map((key) => key.slice(dayKey('').length))
    return [...days, ...(await openDays(options, signal))].flatMap((day) => dayPersonKeys(day, name))
  }
  return {
    keys: 'usage-day-people/<yyyymmdd>/<shard>',
    name: 'usageDays',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      const name = await nameOf(options, sub, signal)
      if (name !== null) yield* readTables(store, await keysOf(name, signal), name, signal)
    },
    async forget(sub, signal) {
      const name = await nameOf(options, sub, signal)
      if (name !== null) await forgetInTables(store, await keysOf(name, signal), name, signal)
    },
  }
}

async function* readTables(
  store: Store,
  keys: readonly string[],
  name: string,
  signal: AbortSignal,
): AsyncGenerator<HeldRecord> {
  for (const key of new Set(keys)) {
    const stored = await store.get(key, signal)
    const uses = stored ? usesOfPerson(stored.value, name) : []
    if (uses.length > 0) yield { key, value: uses }
  }
}

async function forgetInTables(store: Store, keys: readonly string[], name: string, signal: AbortSignal): Promise<void> {
  await inParallel([...new Set(keys)], atOnce, (key) =>
    update(
      store,
      key,
      (value) => {
        if (!value || usesOfPerson(value, name).length === 0) return null
        return { ...value, ...without(readPeopleTable(value), name).toValue() }
      },
      signal,
    ),
  )
}

function without(table: PeopleTable, name: string): PeopleTable {
  const renamed = createPeopleTable()
  renamed.addAll(table, (person) => (person === name ? forgotten : person))
  return renamed
}

function summaryPlace(options: UsagePlacesOptions): Place {
  const { store } = options
  return {
    keys: 'usage-people/<shard>',
    name: 'usageSummary',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      const name = await nameOf(options, sub, signal)
      if (name === null) return
      const key = peopleKey(personShard(name))
      const { summary } = readPersonSummary((await store.get(key, signal))?.value, name)
      if (summary) yield { key, value: { ...summary, days: [...summary.days] } }
    },
    async forget(sub, signal) {
      const name = await nameOf(options, sub, signal)
      if (name === null) return
      await update(
        store,
        peopleKey(personShard(name)),
        (value) => {
          if (!value || !readPersonSummary(value, name).summary) return null
          const summary = readPeopleSummary(value)
          summary.people.delete(name)
          return { ...value, ...toPeopleSummaryValue(summary) }
        },
        signal,
      )
    },
  }
}

/** The place of the names. The record of the pseudonym tells which indexes list the person, so it is removed last. */
function namesPlace(options: UsagePlacesOptions): Place {
  const { store } = options
  async function keysOf(sub: string, signal: AbortSignal) {
    const name = await nameOf(options, sub, signal)
    const key = name === null ? null : personNameKey(name)
    const stored = key === null ? null : await store.get(key, signal)
    if (key === null || !stored) return null
    const { company, address, since } = stored.value
    const indexes = [
      ...[textOf(company)].flatMap((id) => (id === undefined ? [] : [companyPersonKey(id, sub)])),
      ...[textOf(address)].flatMap((hash) => (hash === undefined ? [] : [addressPersonKey(hash, sub)])),
      ...[textOf(since)].flatMap((day) => (day === undefined ? [] : [newPersonKey(day, sub)])),
    ]
    return { key, value: stored.value, indexes }
  }
  return {
    keys: 'people/<person>, company-people/<company>/<sub>, people-by-address/<address>/<sub>, people-since/<day>/<sub>',
    name: 'usageNames',
    async *read(sub, signal): AsyncGenerator<HeldRecord> {
      const found = await keysOf(sub, signal)
      if (found) yield { key: found.key, value: found.value }
    },
    async forget(sub, signal) {
      const found = await keysOf(sub, signal)
      if (!found) return
      await Promise.all(found.indexes.map((key) => store.remove(key, signal)))
      await store.remove(found.key, signal)
    },
  }
}
