import { beforeAll, describe, expect, test } from 'vitest'
import { memoryEventStores } from '../../../dev/worlds/event-stores.ts'
import { personalDataForTests } from '../../../dev/worlds/personal-data.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { companyOf } from '../company.ts'
import type { SignIn } from '../sign-in.ts'
import type { UsageEvent } from '../usage/event.ts'
import { companyNameOf, createNameRecorder } from '../usage/names.ts'
import { createPseudonymSource } from '../usage/pseudonyms.ts'
import { createUsageRecorder } from '../usage/recorder.ts'
import { rollUp } from '../usage/roll-up.ts'
import { startOfDay } from '../usage/time.ts'
import { readUser } from '../users.ts'
import { createReports } from './create-reports.ts'
import { peoplePartCounts, type Reports } from './reports.ts'

const { signal } = new AbortController()
const hour = 3_600_000
const yesterday = startOfDay('20261129')
const now = startOfDay('20261130') + 10 * hour
const sealer = {
  kid: 'one',
  seal: ({ key }: { key: string }) => `sealed ${key}`,
  open: (sealed: string) => ({ key: sealed.slice(7) }),
}
const sub = (name: string) => `u_${name.padEnd(43, '0')}`
const claude = { hash: 'claude', name: 'Claude', host: 'claude.ai' }

/** Two companies, one person without a company, and an anonymous caller, over two days. */
const people: { readonly [name: string]: { email: string; organization?: { id: string; name: string } } } = {
  ada: { email: 'Ada@Engines.example', organization: { id: 'org-1', name: 'Analytical Engines' } },
  grace: { email: 'grace@navy.example' },
  joan: { email: 'joan@navy.example' },
  eve: { email: 'eve@gmail.com' },
}

function call(name: string | undefined, at: number, more: Partial<UsageEvent> = {}): UsageEvent {
  const person = name === undefined ? undefined : people[name]
  return {
    at,
    ...(name && person
      ? {
          sub: sub(name),
          person: { ...person, emailVerified: true },
          client: name === 'joan' ? { hash: 'j', name: 'Cursor' } : claude,
        }
      : undefined),
    what: { kind: 'call', tool: 'ask' },
    outcome: { kind: 'ok' },
    milliseconds: 100,
    ...more,
  }
}

const personalData = personalDataForTests('none')
let reports: Reports
/** The same reports, read from the store through another one. */
let reportsOn: (store: Store) => Reports
const store = createMemoryStore()
beforeAll(async () => {
  const events = memoryEventStores()
  let time = yesterday
  const pseudonyms = createPseudonymSource({ store, issuerHash: 'issuer', sealer, now: () => time })
  const lines: string[] = []
  const log = recorded((event) => lines.push(event))
  const recorder = createUsageRecorder({ events, pseudonyms, companyOf, log })
  const recordNames = createNameRecorder({ store, pseudonyms, companyOf })
  for (const [name, { email, organization }] of Object.entries(people)) {
    const at = (name === 'joan' ? now : yesterday) / 1000
    const client = name === 'joan' ? { hash: 'j', name: 'Cursor' } : claude
    const who = { email, emailVerified: true, ...(organization && { organization }) }
    const signIn: SignIn = { sub: sub(name), ...who, client, grant: 'grants/x', at }
    await store.put(`users/${signIn.sub}`, { ...who, firstSeenAt: at, lastSeenAt: at }, signal)
    await store.put(`connections/${signIn.sub}/${client.hash}`, { client, firstSeenAt: at, lastSeenAt: at }, signal)
    await recordNames(signIn, signal)
  }
  const all = [
    call('ada', yesterday + hour),
    call('ada', yesterday + 2 * hour, { outcome: { kind: 'failed', reason: 'timeout' }, milliseconds: 3000 }),
    call('grace', yesterday + 3 * hour, { outcome: { kind: 'refused', reason: 'limit' } }),
    call(undefined, yesterday + 4 * hour),
    call('grace', yesterday, { what: { kind: 'step', step: 'approved' } }),
    call('grace', yesterday + 1, {
      what: { kind: 'step', step: 'provider' },
      outcome: { kind: 'refused', reason: 'no' },
    }),
    // Today: one in a slice that is rolled up, and one a minute ago.
    call('ada', now - 3 * hour, { what: { kind: 'call', tool: 'whoami' } }),
    call('joan', now - 60_000),
    call('joan', now - 59_000, { what: { kind: 'step', step: 'token' } }),
  ]
  for (const event of all) await recorder.record(event)
  time = now
  await rollUp({
    ...{ store, events, pseudonyms, now: () => now, log },
    beingForgotten: async () => [],
    nameOf: (company) => companyNameOf(store, company, signal),
    retention: { peopleDays: 90, days: 400 },
  }, signal) // biome-ignore format: one call
  expect(lines).toEqual(['usage_rolled_up'])
  reportsOn = (store) =>
    createReports({
      ...{ store, events, pseudonyms, now: () => now, tools: ['ask', 'whoami', 'feedback'] },
      readUser: (who) => readUser({ store, personalData }, who, signal),
    })
  reports = reportsOn(store)
})

const week = { days: 7 } as const

describe('reports', () => {
  test('the overview counts each day, those of today included, to the minute', async () => {
    const { days, ...sums } = await reports.overview(week, signal)
    expect(sums).toMatchObject({
      calls: 6,
      failed: 1,
      refused: 1,
      cancelled: 0,
      anonymousCalls: 1,
      machineCalls: 0,
      through: '20261129',
    })
    expect(sums).toMatchObject({ people: 2, companies: 2 })
    expect(days).toHaveLength(7)
    expect(days.at(-2)).toMatchObject({ day: '20261129', calls: 4, people: 2, companies: 2, signIns: 0 })
    expect(days.at(-1)).toMatchObject({ day: '20261130', calls: 2, people: 2, companies: 2, signIns: 1 })
  })

  test('percentiles are at most 5 % off, and leave out refused calls', async () => {
    const { p50 = 0, p95 = 0 } = await reports.overview(week, signal)
    expect(Math.abs(p50 - 100) / 100).toBeLessThanOrEqual(0.055)
    expect(Math.abs(p95 - 3000) / 3000).toBeLessThanOrEqual(0.055)
  })

  test('companies have names, counts and people, in pages', async () => {
    const first = await reports.companies({ range: week, limit: 2 }, signal)
    expect(first.rows.map(({ name, domain, calls }) => [name ?? domain, calls])).toEqual([
      ['Analytical Engines', 3],
      ['navy.example', 2],
    ])
    const second = await reports.companies({ range: week, limit: 2, cursor: first.next ?? '' }, signal)
    expect(second.rows.map(({ id, calls }) => [id, calls])).toEqual([['-', 1]])
    expect(second.next).toBeUndefined()
    const byName = await reports.companies({ range: week, order: 'name' }, signal)
    expect(byName.rows.map(({ name, domain }) => name ?? domain)).toEqual([
      'Analytical Engines',
      'navy.example',
      undefined,
    ])
  })

  test.each(['anal', 'ENGINES.', 'navy'])(
    'companies are found by the beginning of their name or domain: %s',
    async (search) => {
      expect((await reports.companies({ range: week, search }, signal)).rows).toHaveLength(1)
    },
  )

  test('a company has its days, its clients and its tools', async () => {
    const [{ id = '' } = {}] = (await reports.companies({ range: week, search: 'engines' }, signal)).rows
    const company = await reports.company(id, week, signal)
    expect(company?.days.map(({ calls }) => calls)).toEqual([0, 0, 0, 0, 0, 2, 1])
    expect(company?.use.map(({ client, tool, calls, failed }) => [client.name, tool, calls, failed])).toEqual([
      ['Claude', 'ask', 2, 1],
      ['Claude', 'whoami', 1, 0],
    ])
    expect(await reports.company('unknown0000000000000', week, signal)).toBeNull()
  })

  test('people come the newest first, of one company, or by their exact address', async () => {
    const all = await reports.people({ range: week }, signal)
    expect(all.rows[0]).toMatchObject({ sub: sub('joan'), calls: 1, totalCalls: 1, lastSeenAt: now / 1000 })
    expect(all.rows).toHaveLength(4)
    const [navy] = (await reports.companies({ range: week, search: 'navy' }, signal)).rows
    const company = navy?.id ?? ''
    const ofCompany = await reports.people({ range: week, company, limit: 1 }, signal)
    const rest = await reports.people({ range: week, company, limit: 1, cursor: ofCompany.next ?? '' }, signal)
    expect([...ofCompany.rows, ...rest.rows].map((row) => row.sub).sort()).toEqual([sub('grace'), sub('joan')])
    const found = await reports.people({ range: week, email: 'ada@engines.EXAMPLE' }, signal)
    expect(found.rows.map((row) => row.company?.name)).toEqual(['Analytical Engines'])
    expect((await reports.people({ range: week, email: 'ada@engines' }, signal)).rows).toEqual([])
    for (const cursor of ['x', '"', Buffer.from('{"skip":-1}').toString('base64url')]) {
      expect((await reports.people({ range: week, cursor }, signal)).rows).toHaveLength(4)
    }
  })

  test('a person has the days, the use and the connections; the latest call is when the person was last seen', async () => {
    const ada = await reports.person(sub('ada'), week, signal)
    expect(ada).toMatchObject({ calls: 3, failed: 1, totalCalls: 3, lastSeenAt: now / 1000 - 3 * 3600 })
    expect(ada?.days.map(({ calls }) => calls)).toEqual([0, 0, 0, 0, 0, 2, 1])
    expect(ada?.use.map(({ tool, calls }) => [tool, calls])).toEqual([['ask', 2], ['whoami', 1]]) // biome-ignore format: one line
    expect(ada?.connections).toMatchObject([{ clientHash: 'claude', name: 'Claude' }])
    expect(await reports.person(sub('nobody'), week, signal)).toBeNull()
    expect(await reports.person('../x', week, signal)).toBeNull()
  })

  test('clients that registered under one name count together', async () => {
    const rows = await reports.clients(week, signal)
    expect(rows.map(({ client, calls, signIns }) => [client.name, calls, signIns])).toEqual([
      ['Claude', 4, 0],
      ['Cursor', 1, 1],
      [undefined, 1, 0],
    ])
    expect(await reports.clients(week, signal, 'cla')).toHaveLength(1)
  })

  test('tools that were never called are there', async () => {
    const rows = await reports.tools(week, signal)
    expect(rows.map(({ tool, calls, failed }) => [tool, calls, failed])).toEqual([['ask', 5, 1], ['whoami', 1, 0], ['feedback', 0, 0]]) // biome-ignore format: one line
  })

  test('the funnel and the refusals say where sign-ins and calls stop', async () => {
    const [first] = await reports.funnel(week, signal)
    expect(first?.client.name).toBe('Claude')
    expect(first?.steps.slice(0, 2)).toEqual([
      { step: 'approved', ok: 1, refused: 0, failed: 0 },
      { step: 'provider', ok: 0, refused: 1, failed: 0 },
    ])
    expect((await reports.refusals(week, signal)).map(({ name, reason }) => `${name} ${reason}`).sort()).toEqual([
      'ask limit',
      'ask timeout',
      'provider no',
    ])
  })

  test('what is new this week', async () => {
    const { peopleCount, companyCount, companies } = await reports.newThisWeek(signal)
    expect([peopleCount, companyCount]).toEqual([4, 2])
    expect(companies[0]?.name).toBe('Analytical Engines')
  })

  test('exports hold every event, and name people by a pseudonym of their own [N28]', async () => {
    let count = 0
    const names = new Set<string>()
    for await (const row of reports.exportUsage(week, signal)) {
      count += row.count
      if (row.person) names.add(row.person)
    }
    expect(count).toBe(9)
    expect(names.size).toBe(3)
    const { keys } = await store.list('people/', signal)
    expect([...names].filter((name) => keys.includes(`people/${name}`))).toEqual([])
    const rows = []
    for await (const row of reports.exportPeople(signal)) rows.push(row)
    expect(rows.map(({ email }) => email).sort()).toEqual(Object.values(people).map(({ email }) => email).sort()) // biome-ignore format: one line
  })

  test.each(peoplePartCounts)(
    '%i parts of an export of people have each person once, as the counts say',
    async (of) => {
      const counts = await reports.countPeople(signal)
      const size = 64 / of
      const emails: (string | undefined)[] = []
      for (let index = 0; index < of; index++) {
        const rows = []
        for await (const row of reports.exportPeople(signal, { index, of })) rows.push(row)
        expect(rows).toHaveLength(counts.slice(index * size, (index + 1) * size).reduce((sum, count) => sum + count, 0))
        emails.push(...rows.map(({ email }) => email))
      }
      expect(emails.toSorted()).toEqual(Object.values(people).map(({ email }) => email).toSorted()) // biome-ignore format: one line
    },
  )

  test('a part reads two records for each person and one for each shard, and lists its own people only', async () => {
    const asked: string[] = []
    const counting: typeof store = {
      ...store,
      get(key, ...rest) {
        asked.push(`get ${key.split('/')[0]}`)
        return store.get(key, ...rest)
      },
      list(prefix, ...rest) {
        asked.push(`list ${prefix.split('/')[0]}`)
        return store.list(prefix, ...rest)
      },
    }
    const of = (await reports.countPeople(signal)).findIndex((count) => count > 0)
    const readingOf = async (part: { index: number; of: 64 }) => {
      asked.length = 0
      let rows = 0
      for await (const _ of reportsOn(counting).exportPeople(signal, part)) rows++
      const times = (what: string) => asked.filter((one) => one === what).length
      return { rows, lists: times('list people'), names: times('get people'), users: times('get users') }
    }
    const found = await readingOf({ index: of, of: 64 })
    expect(found).toEqual({ rows: found.rows, lists: 1, names: found.rows, users: found.rows })
    const empty = (await reports.countPeople(signal)).indexOf(0)
    expect(await readingOf({ index: empty, of: 64 })).toEqual({ rows: 0, lists: 1, names: 0, users: 0 })
  })
})
