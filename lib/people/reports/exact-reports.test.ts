import { beforeAll, describe, expect, test } from 'vitest'
import { memoryEventStores } from '../../../dev/worlds/event-stores.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { companyOf } from '../company.ts'
import type { UsageEvent } from '../usage/event.ts'
import { countedEvent, eventKey } from '../usage/event-key.ts'
import { createPseudonymSource } from '../usage/pseudonyms.ts'
import { rollUp } from '../usage/roll-up.ts'
import { dayAfter, dayOf, startOfDay } from '../usage/time.ts'
import { createReports } from './create-reports.ts'
import { exportPartCount, type Range } from './reports.ts'

const { signal } = new AbortController()
const hour = 3_600_000
const first = '20260801'
const dayCount = 97
const sub = (person: number) => `u_${String(person).padStart(43, '0')}`
const sealer = { kid: 'one', seal: ({ key }: { key: string }) => key, open: (key: string) => ({ key }) }

/** Calls of more and more people over some months. */
const events: readonly UsageEvent[] = Array.from({ length: dayCount * 6 }, (_, index) => {
  const person = (index * 7) % (5 + Math.floor(index / 40))
  const kind = (['ok', 'ok', 'ok', 'failed', 'refused', 'cancelled'] as const)[index % 6] ?? 'ok'
  return {
    at: startOfDay(first) + index * 4 * hour,
    ...(index % 11 > 0 && {
      sub: sub(person),
      person: { email: `someone@company-${person % 4}.example`, emailVerified: true },
      client: { hash: 'h', name: `Client ${person % 3}` },
    }),
    what: index % 13 === 0 ? { kind: 'step', step: 'token' } : { kind: 'call', tool: `tool_${index % 4}` },
    outcome: { kind },
    milliseconds: 10 * index,
  }
})

/** What the events of a range say, counted one by one. */
function truth(range: Range, now: number) {
  const from = startOfDay(dayAfter(dayOf(now), 1 - range.days))
  const ofRange = events.filter(({ at }) => at >= from && at <= now)
  const calls = ofRange.filter(({ what }) => what.kind === 'call')
  const byTool: Record<string, number> = {}
  const byCompany: Record<string, number> = {}
  for (const { what, person } of calls) {
    if (what.kind === 'call') byTool[what.tool] = (byTool[what.tool] ?? 0) + 1
    const domain = person?.email?.split('@')[1] ?? '-'
    byCompany[domain] = (byCompany[domain] ?? 0) + 1
  }
  const byDay: Record<string, number> = {}
  for (const { at } of calls) byDay[dayOf(at)] = (byDay[dayOf(at)] ?? 0) + 1
  const ofOne = (list: readonly UsageEvent[]) =>
    list.filter((event) => event.sub === sub(1) && event.what.kind === 'call').length
  return {
    ...{ calls: calls.length, byTool, byCompany, byDay },
    failed: calls.filter(({ outcome }) => outcome.kind === 'failed').length,
    signIns: ofRange.filter(({ what, outcome }) => what.kind === 'step' && outcome.kind === 'ok').length,
    person: ofOne(ofRange),
    personTotal: ofOne(events.filter(({ at }) => at <= now)),
    exported: ofRange.length,
  }
}

interface World {
  readonly store: Store
  readonly events: ReturnType<typeof memoryEventStores>
}

const world: World = { store: createMemoryStore(), events: memoryEventStores() }
const pseudonyms = createPseudonymSource({
  ...{ store: world.store, issuerHash: 'issuer', sealer },
  now: () => startOfDay(first),
})

const roll = (now: number, { store, events }: World = world) =>
  rollUp({
    ...{ store, events, pseudonyms, now: () => now, log: recorded(() => {}), beingForgotten: async () => [] },
    nameOf: async () => ({}),
    retention: { peopleDays: 400, days: 400 },
  }, signal) // biome-ignore format: one call

/** What the reports say of a range, in the form of `truth`. */
async function reported(range: Range, now: number, { store, events }: World = world) {
  const reports = createReports({
    ...{ store, events, pseudonyms, now: () => now, tools: [] },
    readUser: async () => ({ email: 'someone@company.example' }),
  })
  const domains = new Map<string, string>()
  const names = await pseudonyms.load(signal)
  for (const company of [0, 1, 2, 3]) {
    const domain = `company-${company}.example`
    domains.set(names.company(companyOf({ email: `a@${domain}`, emailVerified: true })?.id ?? ''), domain)
  }
  const overview = await reports.overview(range, signal)
  const tools = await reports.tools(range, signal)
  const companies = await reports.companies({ range, limit: 100 }, signal)
  const person = await reports.person(sub(1), range, signal)
  let exported = 0
  for await (const { count } of reports.exportUsage(range, signal)) exported += count
  for (const { id, calls } of companies.rows) {
    const company = await reports.company(id, range, signal)
    expect([company?.calls, company?.use.reduce((sum, use) => sum + use.calls, 0)]).toEqual([calls, calls])
  }
  expect(person?.use.reduce((sum, use) => sum + use.calls, 0)).toBe(person?.calls)
  return {
    ...{ calls: overview.calls, failed: overview.failed, exported },
    signIns: overview.days.reduce((sum, { signIns }) => sum + signIns, 0),
    byDay: Object.fromEntries(overview.days.filter(({ calls }) => calls > 0).map(({ day, calls }) => [day, calls])),
    byTool: Object.fromEntries(tools.map(({ tool, calls }) => [tool, calls])),
    byCompany: Object.fromEntries(
      companies.rows.filter(({ calls }) => calls > 0).map(({ id, calls }) => [domains.get(id) ?? id, calls]),
    ),
    ...{ person: person?.calls, personTotal: person?.totalCalls },
  }
}

const ranges = [{ days: 1 }, { days: 7 }, { days: 30 }, { days: 90 }] as const
const endOf = (day: number) => startOfDay(dayAfter(first, day))

beforeAll(async () => {
  const names = await pseudonyms.load(signal)
  for (const event of events) {
    const counted = countedEvent(event, companyOf(event.person ?? {})?.id, names)
    await world.events.of(dayOf(event.at)).put(eventKey(counted), {}, signal)
  }
})

describe('reports say what happened, to the call', () => {
  test.each([
    ['in the middle of the first day', 0, 12],
    ['just after midnight, before the day that is over is counted', 40, 0.1],
    ['in the middle of a day', 40, 15],
    ['later, when days leave the longest range', 95, 9],
    ['after a week in which nothing was counted', 95 + 9, 1],
  ])('%s', async (_, days, hours) => {
    // The run before: the day that is just over is not counted yet.
    const before = Math.min(days, 95)
    await roll(endOf(before) + Math.min(hours, 0.1) * hour)
    const now = endOf(days) + hours * hour
    if (days === before && hours > 1) for (const share of [0.4, 0.9]) await roll(endOf(days) + share * hours * hour)
    for (const range of ranges) expect(await reported(range, now)).toEqual(truth(range, now))
  })

  test('at each operation at which the composition of a day may stop', async () => {
    const copy = await copyOf(world)
    const now = endOf(96) + hour
    let stops = 0
    for (let most = 0; ; most += 1 + Math.floor(most / 12)) {
      let operations = 0
      const store = new Proxy(copy.store, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function' || name === 'get' || name === 'list') return member
          return async (...given: unknown[]) => {
            operations += 1
            if (operations > most) throw new StoreUnavailable('the run was killed')
            return member.apply(target, given)
          }
        },
      })
      const { finished } = await roll(now, { ...copy, store })
      const range = ranges[1 + (stops % 3)] ?? ranges[3]
      expect(await reported(range, now, copy)).toEqual(truth(range, now))
      if (finished) break
      stops += 1
    }
    expect(stops).toBeGreaterThan(20)
  })

  test('without the records that an earlier release did not write', async () => {
    const copy = await copyOf(world, (key) => !/^usage-(?:periods|company-rows)\//.test(key))
    const now = endOf(96) + 5 * hour
    for (const range of ranges) expect(await reported(range, now, copy)).toEqual(truth(range, now))
    await roll(now, copy)
    for (const range of ranges) expect(await reported(range, now, copy)).toEqual(truth(range, now))
    expect((await copy.store.list('usage-periods/', signal)).keys).toHaveLength(3)
  })

  test('with damaged records of periods, rows and an earlier day', async () => {
    const copy = await copyOf(world)
    const { keys } = await copy.store.list('usage-', signal)
    const short = keys.filter((key) => /^usage-(?:periods|company-rows)\//.test(key))
    for (const key of [...short, `usage-days/${dayAfter(first, -60)}`]) await copy.store.put(key, {}, signal)
    for (const now of [endOf(95) + 9 * hour, endOf(96) + hour]) {
      await roll(now, copy)
      for (const range of ranges) expect(await reported(range, now, copy)).toEqual(truth(range, now))
    }
  })

  test('in the 16 parts of an export together', async () => {
    const [range, now] = [{ days: 30 }, endOf(95) + 9 * hour] as const
    const reports = createReports({ ...world, pseudonyms, now: () => now, tools: [], readUser: async () => null })
    let exported = 0
    for (let part = 0; part < exportPartCount; part++) {
      for await (const { count } of reports.exportUsage(range, signal, part)) exported += count
    }
    expect(exported).toBe(truth(range, now).exported)
  })
})

async function copyOf({ store, events }: World, wanted?: (key: string) => boolean): Promise<World> {
  const copy: World = { store: createMemoryStore(), events: memoryEventStores() }
  await copyAll(store, copy.store, wanted)
  for (const [day, ofDay] of events.days) {
    for (const key of (await ofDay.list('', signal)).keys) await copy.events.of(day).put(key, {}, signal)
  }
  return copy
}

async function copyAll(from: Store, to: Store, wanted: (key: string) => boolean = () => true): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await from.list('', signal, cursor)
    for (const key of page.keys.filter(wanted)) {
      const stored = await from.get(key, signal)
      if (stored) await to.put(key, stored.value, signal)
    }
    cursor = page.next
  } while (cursor !== undefined)
}
