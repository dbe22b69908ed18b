import { describe, expect, test } from 'vitest'
import { memoryEventStores } from '../../../dev/worlds/event-stores.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { times } from '../../../dev/worlds/times.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { companyOf } from '../company.ts'
import { readCells } from './cells.ts'
import { readCompanies } from './companies-of-day.ts'
import type { UsageEvent } from './event.ts'
import type { EventStores } from './event-stores.ts'
import { readPeopleSummary } from './people-summary.ts'
import { readPeopleTable } from './people-table.ts'
import { createPseudonymSource } from './pseudonyms.ts'
import { createUsageRecorder } from './recorder.ts'
import { rollUp } from './roll-up.ts'
import { companyShards, dayCompaniesKey, dayKey, everyDayPeopleKey, peopleKey, peopleShards } from './shards.ts'
import { startOfDay } from './time.ts'

const { signal } = new AbortController()
const minute = 60_000
const first = startOfDay('20261129')
const sealer = {
  kid: 'one',
  seal: ({ key }: { key: string }) => `sealed ${key}`,
  open: (sealed: string) => ({ key: sealed.slice(7) }),
}
const retention = { peopleDays: 90, days: 400 }

interface World {
  readonly store: Store
  readonly events: EventStores
}

/** The service over these stores, at a time that a test moves. */
function serviceOf({ store, events }: World, beingForgotten: readonly string[] = []) {
  let now = first
  const lines: string[] = []
  const log = recorded((event) => lines.push(event))
  const pseudonyms = createPseudonymSource({ store, issuerHash: 'issuer', sealer, now: () => now })
  const recorder = createUsageRecorder({ events, pseudonyms, companyOf, log, firstPause: 1 })
  return {
    lines,
    pseudonyms,
    at: (milliseconds: number) => {
      now = milliseconds
    },
    record: (event: UsageEvent) => recorder.record(event),
    rollUp: () =>
      rollUp({
        store,
        events,
        pseudonyms,
        beingForgotten: async () => beingForgotten,
        nameOf: async () => ({}),
        retention,
        now: () => now,
        log,
      }, signal), // biome-ignore format: one call
  }
}

const memoryWorld = () => ({ store: createMemoryStore(), events: memoryEventStores() })

/** Events of some people over two days, with every kind of outcome. */
const events: readonly UsageEvent[] = Array.from({ length: 120 }, (_, index) => ({
  at: first + index * 24 * minute,
  ...(index % 10 === 0
    ? undefined
    : {
        sub: `u_${index % 7}`,
        person: { email: `a@company-${index % 3}.example`, emailVerified: true },
        client: { hash: `h${index % 2}`, name: `Client ${index % 2}` },
      }),
  what: index % 9 === 0 ? { kind: 'step', step: 'token' } : { kind: 'call', tool: index % 4 ? 'ask' : 'search' },
  outcome: index % 5 === 0 ? { kind: 'failed', reason: 'timeout' } : { kind: 'ok' },
  milliseconds: index * 10,
}))

/** What the records of all days say together. */
async function counted(store: Store, days: readonly string[]) {
  const read = async (key: string) => (await store.get(key, signal))?.value
  const sums = { cells: 0, people: 0, companies: 0, totals: 0, durations: 0 }
  for (const day of days) {
    const totals = await read(dayKey(day))
    for (const { count, histogram } of readCells((totals?.cells ?? []) as string[]).values()) {
      sums.cells += count
      sums.durations += histogram.reduce((sum, bucket) => sum + bucket, 0)
    }
    for (const key of everyDayPeopleKey(day)) {
      const value = await read(key)
      if (!value) continue
      const table = readPeopleTable(value)
      for (const person of table.people()) for (const { count } of table.of(person)) sums.people += count
    }
    for (const shard of companyShards) {
      const value = await read(dayCompaniesKey(day, shard))
      if (!value) continue
      for (const { uses } of readCompanies(value).values()) for (const count of uses.values()) sums.companies += count
    }
  }
  for (const shard of peopleShards) {
    const value = await read(peopleKey(shard))
    if (value) for (const { total } of readPeopleSummary(value).people.values()) sums.totals += total
  }
  return sums
}

const calls = events.filter(({ what }) => what.kind === 'call')
const exact = {
  cells: events.length,
  people: events.length,
  companies: events.length,
  durations: events.length,
  totals: calls.filter(({ sub }) => sub !== undefined).length,
}
const days = ['20261129', '20261130']
const afterBoth = startOfDay('20261201') + 20 * minute

describe('the rollup', () => {
  test('counts every event once, in every record, and drops the events', async () => {
    const world = memoryWorld()
    const service = serviceOf(world)
    for (const event of events) await service.record(event)
    service.at(afterBoth)
    expect(await service.rollUp()).toEqual({ slices: 288, events: 120, days: 2, finished: true })
    expect(await counted(world.store, days)).toEqual(exact)
    expect((await world.store.list('usage-slices/', signal)).keys).toEqual([])
    for (const store of world.events.days.values()) expect((await store.list('', signal)).keys).toEqual([])
    expect(await service.rollUp()).toEqual({ slices: 0, events: 0, days: 0, finished: true })
    expect(await counted(world.store, days)).toEqual(exact)
  })

  test('rolls up a slice 15 minutes after its end, and not before', async () => {
    const service = serviceOf(memoryWorld())
    await service.record({ ...events[1], at: first + 9 * minute } as UsageEvent)
    service.at(first + 25 * minute - 1)
    expect((await service.rollUp()).slices).toBe(0)
    service.at(first + 25 * minute)
    expect(await service.rollUp()).toMatchObject({ slices: 1, events: 1 })
  })

  test('by any number of runs at the same time counts every event once', async () => {
    const world = memoryWorld()
    const services = [1, 2, 3, 4].map(() => serviceOf(world))
    for (const event of events) await services[0]?.record(event)
    for (let time = first; time <= afterBoth; time += 120 * minute) {
      for (const service of services) service.at(time)
      await Promise.all(services.map((service) => service.rollUp()))
    }
    for (const service of services) {
      service.at(afterBoth)
      await service.rollUp()
    }
    expect(await counted(world.store, days)).toEqual(exact)
  })

  // A run is killed at each operation that no run was killed at before, first before and then after it took effect. In the end every
  // operation of a complete rollup has been the last one of some run, in both ways.
  test('that is killed before and after every single operation counts every event once', async () => {
    const world = memoryWorld()
    const killedAt = new Set<string>()
    let kills = 0
    let dead = false
    class Killed extends Error {}
    const mortal = <Result>(name: string, run: () => Promise<Result>): Promise<Result> => {
      const turn = async () => {
        if (dead) throw new Killed()
        // A read that was killed before or after it took effect leaves the same behind.
        for (const when of /^(?:get|list) /.test(name) ? ['before'] : ['before', 'after']) {
          if (killedAt.has(`${when} ${name}`)) continue
          killedAt.add(`${when} ${name}`)
          kills += 1
          dead = true
          if (when === 'after') await run()
          throw new Killed()
        }
        return run()
      }
      return turn()
    }
    const killing: World = {
      store: {
        get: (key, s) => mortal(`get ${key}`, () => world.store.get(key, s)),
        create: (key, value, s) => mortal(`create ${key}`, () => world.store.create(key, value, s)),
        replace: (key, value, version, s) =>
          mortal(`replace ${key}`, () => world.store.replace(key, value, version, s)),
        put: (key, value, s) => mortal(`put ${key}`, () => world.store.put(key, value, s)),
        remove: (key, s) => mortal(`remove ${key}`, () => world.store.remove(key, s)),
        list: (prefix, s, cursor) => mortal(`list ${prefix}`, () => world.store.list(prefix, s, cursor)),
      },
      events: {
        of: (day) => {
          const store = world.events.of(day)
          return {
            ...store,
            list: (prefix, s, cursor) => mortal(`list ${day} ${prefix}`, () => store.list(prefix, s, cursor)),
            removeAll: (s) => mortal(`remove all ${day}`, () => store.removeAll(s)),
          }
        },
      },
    }
    const healthy = serviceOf(world)
    const ofOneDay = events.filter(({ at }) => at < startOfDay('20261130'))
    for (const event of ofOneDay) await healthy.record(event)
    // Without LONG=1, no run is killed in the first 20 hours, whose slices are counted in the same way.
    healthy.at(first + times(20, 0) * 60 * minute)
    const before = (await healthy.rollUp()).slices
    for (let runs = 0; ; runs++) {
      expect(runs).toBeLessThan(10_000)
      dead = false
      const service = serviceOf(killing)
      service.at(startOfDay('20261130') + 20 * minute)
      const outcome = await service.rollUp().catch((error: unknown) => error)
      if (!(outcome instanceof Killed)) {
        expect(outcome).toMatchObject({ finished: true })
        break
      }
    }
    expect(kills).toBeGreaterThan(900 - 3 * before)
    expect(await counted(world.store, ['20261129'])).toEqual({
      ...{ cells: 60, people: 60, companies: 60, durations: 60 },
      totals: calls.filter(({ sub, at }) => sub !== undefined && at < startOfDay('20261130')).length,
    })
    expect((await world.store.list('usage-slices/20261129', signal)).keys).toEqual([])
  })

  test('counts a person who is being forgotten without their name', async () => {
    const world = memoryWorld()
    const service = serviceOf(world, ['u_1'])
    for (const event of events) await service.record(event)
    const name = (await service.pseudonyms.load(signal)).person('u_1')
    let texts: readonly string[] = []
    // In the middle of a day, its slices stand alone.
    for (const time of [first + 720 * minute, afterBoth]) {
      service.at(time)
      await service.rollUp()
      const { keys } = await world.store.list('usage', signal)
      texts = await Promise.all(keys.map(async (key) => JSON.stringify(await world.store.get(key, signal))))
      expect(texts.filter((text) => text.includes(name))).toEqual([])
    }
    expect(texts.filter((text) => text.includes('forgotten')).length).toBeGreaterThan(0)
    const { totals, ...others } = exact
    expect(await counted(world.store, days)).toMatchObject(others)
  })
})

describe('the recorder', () => {
  const event = events[1] as UsageEvent

  test('repeats a write that may have landed, and the event counts once', async () => {
    const world = memoryWorld()
    let failures = 3
    const flaky: EventStores = {
      of: (day) => ({
        ...world.events.of(day),
        async put(key, value, s) {
          await world.events.of(day).put(key, value, s)
          if (failures-- > 0) throw new StoreUnavailable('the answer was lost')
        },
      }),
    }
    const service = serviceOf({ ...world, events: flaky })
    await service.record(event)
    expect((await world.events.of('20261129').list('', signal)).keys).toHaveLength(1)
    expect(service.lines).toEqual([])
  })

  test('logs an event that it cannot write in time', async () => {
    const world = memoryWorld()
    const down: EventStores = {
      of: (day) => ({
        ...world.events.of(day),
        put: async () => {
          throw new StoreUnavailable('down')
        },
      }),
    }
    const lines: unknown[] = []
    const pseudonyms = createPseudonymSource({ store: world.store, issuerHash: 'issuer', sealer, now: () => first })
    const log = recorded((name, fields) => lines.push([name, fields]))
    await createUsageRecorder({ events: down, pseudonyms, companyOf, log, timeout: 20, firstPause: 1 }).record(event)
    expect(lines).toEqual([['usage_event_lost', { kind: 'call', at: event.at, reason: 'StoreUnavailable' }]])
  })

  test('writes keyed names of at least 80 bits, and no address, id, domain or question [N28]', async () => {
    const world = memoryWorld()
    await serviceOf(world).record({
      ...event,
      sub: 'u_someone',
      person: { email: 'ada@engines.example', emailVerified: true, organization: { id: 'org-7', name: 'Engines' } },
      what: { kind: 'call', tool: 'a tool whose name the client made up' },
    })
    const { keys } = await world.events.of('20261129').list('', signal)
    const [, , , person = '', company = '', client = '', what] = keys[0]?.split('/') ?? []
    for (const name of [person, company, client]) expect(name).toMatch(/^[\w-]{20}$/)
    expect(new Set([person, company, client]).size).toBe(3)
    expect(what).toBe('call.unknown')
    expect(keys.join()).not.toMatch(/someone|ada@|engines|org-7|client made up/i)
  })
})

test('a writer of the store stops no count: days that never come, and durations without end', async () => {
  const world = memoryWorld()
  const service = serviceOf(world)
  for (const event of events) {
    service.at(event.at)
    await service.record(event)
  }
  await world.store.put(dayKey('99991231'), {}, signal)
  await world.store.put(dayKey('x'), {}, signal)
  for (const slice of ['99991231/000', '20261129/x', 'x']) await world.store.put(`usage-slices/${slice}`, {}, signal)
  const planted = `usage/20261129000/000000/-/-/-/call.ask/ok/${'9'.repeat(400)}/n1`
  await world.events.of('20261129').put(planted, {}, signal)
  service.at(first + 3 * 86_400_000)
  expect(await service.rollUp()).toMatchObject({ days: 2, finished: true })
  expect(await counted(world.store, ['20261129', '20261130'])).toEqual(exact)
})

test('a bucket that no duration has takes no memory', () => {
  const [cell] = readCells(['- call.ask ok 3 0 1 1e15 2']).values()
  expect([cell?.count, (cell?.histogram.length ?? 0) < 1000]).toEqual([3, true])
})

test('the record of a day until now stays short on a busy day, and the day is counted', async () => {
  const world = memoryWorld()
  const service = serviceOf(world)
  const { person } = await service.pseudonyms.load(signal)
  // Three slices of 9,000 events: the third makes the record longer than it may be.
  const tally = { cells: ['- call.ask ok 9000 3 9000'], combinations: ['- - call.ask ok'] }
  const people = Array.from({ length: 9_000 }, (_, index) => `${person(`u_${index}`)} 0 1 5`)
  for (let slice = 0; slice < 6; slice++) {
    await world.store.create(`usage-slices/20261129/00${slice}`, { ...tally, people }, signal)
  }
  service.at(first + 75 * minute)
  expect(await service.rollUp()).toMatchObject({ finished: true })
  expect((await world.store.get('usage-so-far/20261129', signal))?.value.through).toBe('20261129002')
  service.at(first + 86_400_000 + 20 * minute)
  expect(await service.rollUp()).toMatchObject({ days: 1, finished: true })
  expect((await world.store.get('usage-days/20261129', signal))?.value.anonymousCalls).toBe(0)
  expect(await counted(world.store, ['20261129'])).toMatchObject({ cells: 54_000, people: 54_000 })
  expect((await world.store.list('usage-so-far/', signal)).keys).toEqual([])
})
