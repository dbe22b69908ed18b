import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { PostgresServer } from '../../dev/postgres/server.ts'
import { won } from '../../dev/worlds/store-contract.ts'
import { proveConditionalWrites } from '../../lib/store/readiness.ts'
import { StoreUnavailable } from '../../lib/store/store.ts'
import { type OpenStore, openStore, startServer } from './place.ts'

const { signal } = new AbortController()
let server: PostgresServer

beforeAll(async () => {
  server = await startServer({ max_connections: '60' })
})
afterAll(() => server?.stop())

function open(options: Parameters<typeof openStore>[1] = {}, url = server.url()): OpenStore {
  const store = openStore(url, options)
  onTestFinished(() => store.close())
  return store
}

/** Holds the row of a key in a transaction of its own until the returned function is called. */
async function holdRow(key: string): Promise<() => Promise<void>> {
  const holder = server.run(
    `BEGIN; UPDATE mcp_oauth_broker.records SET value = value WHERE key = '${key}'; SELECT pg_sleep(30)`,
  )
  const ended = holder.catch(() => {})
  const find = `SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()`
  await expect.poll(() => server.run(find)).toHaveLength(1)
  return async () => {
    await server.run(`SELECT pg_terminate_backend(pid) FROM (${find}) AS holder`)
    await ended
  }
}

test('a statement that waits too long is ended by the server, has done nothing, and is repeated', async () => {
  const store = open({ attemptTimeout: 400, retryDelays: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] })
  const version = won(await store.create('held', { by: 'first' }, signal))
  const hasty = open({ attemptTimeout: 150 })
  const release = await holdRow('held')
  await expect(hasty.replace('held', { by: 'hasty' }, version, signal)).rejects.toThrow(
    'nothing was written: a statement took too long (SQLSTATE 57014)',
  )
  const patient = store.replace('held', { by: 'patient' }, version, signal)
  await release()
  const next = won(await patient)
  expect(await store.get('held', signal)).toEqual({ value: { by: 'patient' }, version: next })
})

test('a request that runs out of time is answered at once, whatever the server does', async () => {
  const store = open({ attemptTimeout: 20_000 })
  const version = won(await store.create('slow', {}, signal))
  const release = await holdRow('slow')
  const began = performance.now()
  await expect(store.replace('slow', {}, version, AbortSignal.timeout(50))).rejects.toThrow(StoreUnavailable)
  expect(performance.now() - began).toBeLessThan(5_000)
  await release()
})

test('more callers than connections wait for each other', async () => {
  const store = open({ connections: 2 })
  const results = await Promise.all(Array.from({ length: 100 }, (_, n) => store.create(`many/${n}`, { n }, signal)))
  expect(results.every(({ won }) => won)).toBe(true)
  const [{ count } = { count: 0 }] = await server.run(
    `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'mcp-oauth-broker'`,
  )
  expect(count).toBeLessThanOrEqual(4)
})

test('a server with no connection left for the instance serves its callers on those that it has', async () => {
  await server.run(`
    CREATE ROLE scarce LOGIN CONNECTION LIMIT 2;
    GRANT USAGE ON SCHEMA mcp_oauth_broker TO scarce;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mcp_oauth_broker TO scarce`)
  const url = server.url().replace('postgres@', 'scarce@')
  const store = open({ connections: 10 }, url)
  const results = await Promise.all(Array.from({ length: 60 }, (_, n) => store.create(`scarce/${n}`, { n }, signal)))
  expect(results.every(({ won }) => won)).toBe(true)
  const late = open({ connections: 10 }, url)
  await expect(late.get('scarce/1', signal)).rejects.toThrow('the database has no connection left (SQLSTATE 53300)')
})

test('a server that stops and comes back: nothing is lost, and the instance goes on without help', async () => {
  const store = open()
  const version = won(await store.create('back', { generation: 1 }, signal))
  for (const end of [server.halt, server.crash]) {
    await end()
    await expect(store.get('back', signal)).rejects.toThrow(StoreUnavailable)
    await expect(store.replace('back', {}, version, signal)).rejects.toThrow(StoreUnavailable)
    expect(await proveConditionalWrites(store, Date.now(), signal)).toBe('store_unavailable')
    await server.start()
    expect(await store.get('back', signal)).toEqual({ value: { generation: 1 }, version })
  }
})

test('a crash in the middle of a race: at most one winner, and what was won is there', async () => {
  for (let round = 0; round < 3; round++) {
    const store = open({ connections: 8, retryDelays: [20, 100, 400, 800] })
    const keys = Array.from({ length: 200 }, (_, key) => `crash/${round}/${key}`)
    let isDone = false
    const race = Promise.all(
      keys.flatMap((key) =>
        [0, 1, 2].map(async (racer) => ({
          key,
          racer,
          result: await store.create(key, { racer }, signal).catch((error: unknown) => error),
        })),
      ),
    ).finally(() => {
      isDone = true
    })
    await expect.poll(() => store.list(`crash/${round}/`, signal).then((page) => page.keys.length)).toBeGreaterThan(2)
    await server.crash()
    await server.start()
    const results = await race
    expect(isDone).toBe(true)
    for (const key of keys) {
      const own = results.filter((one) => one.key === key)
      const winners = own.filter(({ result }) => 'version' in Object(result))
      expect(winners.length).toBeLessThanOrEqual(1)
      const stored = await store.get(key, signal)
      if (winners[0]) expect(stored?.value).toEqual({ racer: winners[0].racer })
      const unsure = own.filter(({ result }) => result instanceof StoreUnavailable)
      if (stored && !winners[0]) expect(unsure.map(({ racer }) => racer)).toContain(stored.value.racer)
    }
  }
})

const backends = async () =>
  (await server.run(`SELECT pid FROM pg_stat_activity WHERE application_name = 'mcp-oauth-broker' ORDER BY pid`)).map(
    ({ pid }) => pid,
  )

test('a connection that was idle for too long is not used again: the instance may have been frozen', async () => {
  let now = Date.now()
  const store = open({ now: () => now, idleTimeout: 30_000 })
  const others = await backends()
  const own = async () => (await backends()).filter((pid) => !others.includes(pid))
  await store.get('frozen', signal)
  const first = await own()
  now += 30_000
  await store.get('frozen', signal)
  expect(await own()).toEqual(first)
  now += 30_001
  await store.get('frozen', signal)
  await expect.poll(own).not.toEqual(first)
})

test('connections that the server has ended while they were idle cost no answer, and no certainty', async () => {
  const store = open({ connections: 3 })
  for (let round = 0; round < 20; round++) {
    await Promise.all([1, 2, 3].map((n) => store.get(`idle/${n}`, signal)))
    await server.run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcp-oauth-broker'`,
    )
    won(await store.create(`idle/${round}`, {}, signal))
  }
})

test('a process that is stopped for longer than its sessions live goes on when it is woken', async () => {
  const child = fork(fileURLToPath(new URL('race-child.ts', import.meta.url)), [
    JSON.stringify({ url: server.url(), racers: 3, idleTimeout: 500 }),
  ])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  const ask = async (key: string) => {
    const answered = once(child, 'message')
    child.send({ key, version: null })
    return (await answered)[0]
  }
  const others = await backends()
  expect(await ask('stopped/1')).toHaveLength(1)
  const own = (await backends()).filter((pid) => !others.includes(pid))
  expect(own.length).toBeGreaterThan(0)
  child.kill('SIGSTOP')
  // The server ends sessions that are idle for twice the time.
  await expect.poll(async () => (await backends()).filter((pid) => own.includes(pid))).toEqual([])
  child.kill('SIGCONT')
  expect(await ask('stopped/2')).toHaveLength(1)
})

test('a preview on a branch of production’s database reads none of production’s rows [O-16]', async () => {
  const production = open({ site: 'mcp-oauth-broker' })
  const version = won(await production.create('grants/one', { secret: 'of production' }, signal))
  production.close()
  await server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mcp-oauth-broker'`)
  const branch = await server.create('branch', 'postgres')
  const preview = open({ site: 'mcp-oauth-broker-0123456789abcdef' }, branch)
  expect(await preview.get('grants/one', signal)).toBeNull()
  expect(await preview.list('', signal)).toEqual({ keys: [] })
  expect(await preview.replace('grants/one', {}, version, signal)).toEqual({ won: false, ambiguous: false })
  won(await preview.create('grants/one', { own: true }, signal))
  await preview.removeAll(signal)
  expect(await preview.list('', signal)).toEqual({ keys: [] })
  const copied = open({ site: 'mcp-oauth-broker' }, branch)
  expect(await copied.list('', signal)).toEqual({ keys: ['grants/one'] })
})

test('removeAll empties a store of many thousand records, and no other', async () => {
  await server.run(
    `INSERT INTO mcp_oauth_broker.records SELECT site, 'usage/' || n, '{}', 'v' FROM generate_series(1, 12000) AS n, (VALUES ('day'), ('other')) AS sites (site)`,
  )
  await open({ site: 'day' }).removeAll(signal)
  const left = await server.run(
    `SELECT site, count(*)::int FROM mcp_oauth_broker.records WHERE site IN ('day', 'other') GROUP BY 1`,
  )
  expect(left).toEqual([{ site: 'other', count: 12_000 }])
})

test('a database that refuses is reported once, without a password, an address or a name', async () => {
  const reasons: string[] = []
  await server.run('CREATE ROLE stranger LOGIN')
  await server.run('CREATE DATABASE bare')
  const url = (user: string, database: string) => `postgres://${user}:hunter2@127.0.0.1:${server.port}/${database}`
  for (const [user, database] of [
    ['stranger', 'postgres'],
    ['postgres', 'bare'],
    ['postgres', 'absent'],
    ['nobody', 'postgres'],
  ] as const) {
    const store = open({ onRefusal: (reason) => reasons.push(reason) }, url(user, database))
    for (let repeat = 0; repeat < 2; repeat++) {
      const error: unknown = await store.get('any', signal).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(StoreUnavailable)
      expect(String(error)).not.toMatch(/hunter2|127\.0\.0\.1|stranger|nobody|absent/)
    }
  }
  expect(reasons).toEqual([
    'the database user lacks a right on the schema mcp_oauth_broker (SQLSTATE 42501)',
    'the database lacks a migration: npm run store -- migrate',
    'there is no such database (SQLSTATE 3D000)',
    'the database refuses the user (SQLSTATE 28000)',
  ])
})
