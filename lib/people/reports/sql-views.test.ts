import { readFileSync } from 'node:fs'
import Client from 'pg/lib/client.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../../dev/postgres/migrate.ts'
import { type LocalDatabase, startPglite } from '../../../dev/postgres/pglite.ts'
import { memoryEventStores } from '../../../dev/worlds/event-stores.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { keysUnder } from '../../store/keys-under.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Database, openDatabase } from '../../store/postgres/database.ts'
import { createPostgresStore } from '../../store/postgres/postgres.ts'
import type { Store } from '../../store/store.ts'
import { companyOf } from '../company.ts'
import type { UsageEvent } from '../usage/event.ts'
import type { EventStores } from '../usage/event-stores.ts'
import { createNameRecorder } from '../usage/names.ts'
import { createPseudonymSource } from '../usage/pseudonyms.ts'
import { createUsageRecorder } from '../usage/recorder.ts'
import { rollUp } from '../usage/roll-up.ts'
import { startOfDay } from '../usage/time.ts'

/** The views of PostgreSQL, which a BI tool reads: netlify/database/migrations/0002_reports.sql. */

const { signal } = new AbortController()
const minute = 60_000
const first = startOfDay('20261129')
const site = 'mcp-oauth-broker'
let server: LocalDatabase
let database: Database
let now = first

beforeAll(async () => {
  server = await startPglite()
  await migrate(server.url)
  database = openDatabase({ url: server.url })
}, 60_000)
afterAll(async () => {
  database?.close()
  await server?.stop()
})

interface World {
  readonly store: Store
  readonly events: EventStores
}

const storeNamed = (name: string) => createPostgresStore({ site: name, database: () => database })
const eventsOf = (name: string) => ({ of: (day: string) => storeNamed(`${name}-usage-${day}`) })

async function rows(text: string, values: readonly string[] = []) {
  const answer = await database.ask({ text, values }, signal)
  if (answer.kind !== 'done') throw new Error(`the statement was not carried out: ${answer.reason}`)
  return answer.rows
}

/** The service of one site. Its records are in PostgreSQL, unless a test passes other stores. */
function serviceOf(name: string, { store, events }: World = { store: storeNamed(name), events: eventsOf(name) }) {
  const log = recorded(() => {})
  const pseudonyms = createPseudonymSource({
    ...{ store, issuerHash: name, now: () => now },
    sealer: {
      kid: 'one',
      seal: ({ key }: { key: string }) => `sealed ${key}`,
      open: (sealed: string) => ({ key: sealed.slice(7) }),
    },
  })
  const recorder = createUsageRecorder({ events, pseudonyms, companyOf, log, firstPause: 1 })
  const retention = { peopleDays: 90, days: 400 }
  return {
    store,
    pseudonyms,
    record: (event: UsageEvent) => recorder.record(event),
    nameOf: createNameRecorder({ store, pseudonyms, companyOf }),
    rollUp: () =>
      rollUp(
        {
          ...{ store, events, pseudonyms, retention, log, now: () => now },
          beingForgotten: async () => [],
          nameOf: async () => ({}),
        },
        signal,
      ),
  }
}

const tools = ['ask', 'search']
const reasons = ['timeout', 'upstream unavailable']

/** Events over two days: three clients, seven people, three companies, callers without a token, and every kind of outcome. */
const events = Array.from({ length: 150 }, (_, index): UsageEvent => {
  const person =
    index % 10 === 0
      ? {}
      : {
          sub: `u_${index % 7}`,
          person: { email: `a@company-${index % 3}.example`, emailVerified: true },
          client: { hash: `h${index % 3}`, name: `Client ${index % 3}` },
        }
  return {
    at: first + index * 19 * minute + index,
    ...person,
    what: index % 9 === 0 ? { kind: 'step', step: 'token' } : { kind: 'call', tool: tools[index % 2] ?? '' },
    outcome: index % 5 === 0 ? { kind: 'failed', reason: reasons[(index / 5) % 2] ?? '' } : { kind: 'ok' },
    milliseconds: index * 11,
  }
})

/** What the events say, as the views say it: how often, by day, kind, name, outcome and reason. */
function expected(): readonly unknown[] {
  const counts = new Map<string, number>()
  for (const { at, what, outcome } of events) {
    const day = new Date(at).toISOString().slice(0, 10)
    const reason = outcome.kind === 'failed' ? String(outcome.reason).replaceAll(' ', '_') : null
    const row = JSON.stringify([day, what.kind, what.kind === 'call' ? what.tool : what.step, outcome.kind, reason])
    counts.set(row, (counts.get(row) ?? 0) + 1)
  }
  return [...counts].map(([row, count]) => `${row} ${count}`).toSorted()
}

async function counted(view: string, name = site): Promise<readonly unknown[]> {
  const found = await rows(
    `SELECT day::text AS day, kind, name, outcome, reason, sum(count)::int AS count
     FROM mcp_oauth_broker_reports.${view} WHERE site = $1 GROUP BY 1, 2, 3, 4, 5`,
    [name],
  )
  return found
    .map(
      ({ day, kind, name, outcome, reason, count }) => `${JSON.stringify([day, kind, name, outcome, reason])} ${count}`,
    )
    .toSorted()
}

const views = ['usage_by_day', 'durations_by_day', 'usage_by_company', 'usage_by_person']

/** Makes the records of a site in PostgreSQL those of stores in memory. A rollup in memory takes a tenth of the time. */
async function copyRecords(name: string, world: ReturnType<typeof memoryWorld>): Promise<void> {
  const records: object[] = []
  const copy = async (site: string, store: Pick<Store, 'list'>, readValue: (key: string) => Promise<unknown>) => {
    for await (const key of keysUnder(store, '', signal)) {
      records.push({ site, key, value: JSON.stringify(await readValue(key)) })
    }
  }
  await copy(name, world.store, async (key) => (await world.store.get(key, signal))?.value)
  for (const [day, store] of world.events.days) await copy(`${name}-usage-${day}`, store, async () => ({}))
  await rows(`DELETE FROM mcp_oauth_broker.records WHERE site = $1 OR starts_with(site, $1 || '-usage-')`, [name])
  await rows(
    `INSERT INTO mcp_oauth_broker.records SELECT site, key, value, 'v'
     FROM json_to_recordset($1) AS record (site text, key text, value text)`,
    [JSON.stringify(records)],
  )
}

const memoryWorld = () => ({ store: createMemoryStore(), events: memoryEventStores() })

test('the views count every event once: before it is counted, after the first day is, and after both are', async () => {
  const world = memoryWorld()
  const service = serviceOf(site, world)
  const preview = serviceOf(`${site}-preview`)
  for (const event of events) await service.record(event)
  for (const event of events.slice(0, 7)) await preview.record(event)
  const moments = [first + 40 * minute, first + 1_460 * minute, startOfDay('20261201') + 20 * minute]
  const days: number[] = []
  for (const moment of moments) {
    now = moment
    days.push((await service.rollUp()).days)
    await copyRecords(site, world)
    for (const view of views) expect(await counted(view), view).toEqual(expected())
  }
  expect(days).toEqual([0, 1, 1])
  expect(await rows('SELECT 1 FROM mcp_oauth_broker_reports.events WHERE site = $1', [site])).toEqual([])
  const [row] = await rows('SELECT count(*)::int AS count FROM mcp_oauth_broker_reports.events', [])
  expect(row).toEqual({ count: 7 })
})

test('an event has its time, its ids and its duration', async () => {
  const name = `${site}-times`
  const service = serviceOf(name)
  const at = first + 13 * 60 * minute + 7 * minute + 45_678
  await service.record({ ...events[1], at, milliseconds: 1234 } as UsageEvent)
  const { client, person, company } = await service.pseudonyms.load(signal)
  const found = await rows(
    `SELECT extract(epoch FROM at)::float8 AS at, person, company, client, milliseconds::int AS milliseconds
     FROM mcp_oauth_broker_reports.events WHERE site = $1`,
    [name],
  )
  expect(found).toEqual([
    {
      ...{ at: at / 1000, milliseconds: 1234 },
      person: person('u_1'),
      company: company(companyOf(events[1]?.person ?? {})?.id ?? ''),
      client: client({ hash: 'h1', name: 'Client 1' }),
    },
  ])
})

test('names stand beside pseudonyms, and no address and no name of a person is anywhere', async () => {
  const name = `${site}-names`
  const { store, nameOf } = serviceOf(name)
  const person = { sub: `u_${'A'.repeat(43)}`, email: 'ada@engines.example', emailVerified: true }
  const organization = { id: 'org_1', name: 'Analytical Engines' }
  await store.put(`users/${person.sub}`, { domain: 'engines.example', sealed: 'x', firstSeenAt: 1_800_000_000 }, signal)
  await nameOf(
    { ...person, organization, client: { hash: 'h', name: 'Editor' }, at: 1_800_000_000 } as Parameters<
      typeof nameOf
    >[0],
    signal,
  )
  const of = (view: string) => rows(`SELECT * FROM mcp_oauth_broker_reports.${view} WHERE site = $1`, [name])
  expect(await of('companies')).toMatchObject([{ name: 'Analytical Engines' }])
  expect(await of('clients')).toMatchObject([{ name: 'Editor' }])
  const [company] = await of('companies')
  expect(await of('people')).toMatchObject([{ company: company?.company, email_domain: 'engines.example' }])
  const all = await Promise.all(['companies', 'clients', 'people'].map(of))
  expect(JSON.stringify(all)).not.toMatch(/ada@|u_A/)
})

describe('docs/reports-in-sql.md', () => {
  const page = readFileSync(new URL('../../../docs/reports-in-sql.md', import.meta.url), 'utf8')
  const [grants = '', ...queries] = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql)

  async function run<T>(use: (ask: (sql: string) => Promise<readonly unknown[]>) => Promise<T>): Promise<T> {
    const client = new Client({
      ...{ connectionString: server.url, connectionTimeoutMillis: 10_000 },
      ...{ fallback_application_name: 'test', keepAlive: true },
    })
    await client.connect()
    try {
      return await use(async (sql) => (await client.query(sql)).rows)
    } finally {
      await client.end()
    }
  }

  test('its user reads the views, and no record', async () => {
    await run(async (ask) => {
      await ask(grants)
      await ask('SET ROLE docs_reports')
      for (const view of [...views, 'events', 'companies', 'clients', 'people']) {
        await ask(`SELECT * FROM mcp_oauth_broker_reports.${view} LIMIT 1`)
      }
      await expect(ask('SELECT * FROM mcp_oauth_broker.records')).rejects.toThrow('permission denied')
      await expect(ask('DELETE FROM mcp_oauth_broker_reports.clients')).rejects.toThrow()
      await ask('RESET ROLE')
    })
  })

  test.each(queries.map((query) => [query.split('\n')[0], query]))('its query is carried out: %s', async (_, query) => {
    await run((ask) => ask(query))
  })
})

test.each([
  ['usage-days/20261131', { cells: ['a b c 1'] }],
  ['usage-days/20261128', { cells: ['- call.x ok many', 5, null, 'a b', '- call.x ok 1 2'] }],
  ['usage-day-people/20261128/0', { combinations: 'x', people: ['p 0 1 1', 'p 99999999999 1 1', 'p x'] }],
  ['usage-day-companies/20261128/0', { uses: {}, companies: ['c 1 0 1', 'c', '\0'] }],
  ['companies/\\', 'not an object'],
])('a damaged record stops no query: %s %j', async (key, value) => {
  const name = `${site}-damaged`
  const insert =
    'INSERT INTO mcp_oauth_broker.records (site, key, value, version) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING'
  await rows(insert, [name, key, JSON.stringify(value), 'v'])
  await rows(insert, [`${name}-usage-20261131`, 'usage/20261131235/059999/a/b/c/call.x/ok/1/n', '{}', 'v'])
  await rows(insert, [`${name}-usage-20261130`, 'usage/20261130995/99/a/b/c/call.x/ok/1/n', '{}', 'v'])
  for (const view of [...views, 'events', 'companies', 'clients', 'people']) {
    await rows(`SELECT * FROM mcp_oauth_broker_reports.${view} WHERE site = $1`, [name])
  }
})
