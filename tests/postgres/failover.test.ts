import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type FaultyProxy, startProxy } from '../../dev/postgres/proxy.ts'
import type { PostgresServer } from '../../dev/postgres/server.ts'
import { won } from '../../dev/worlds/store-contract.ts'
import { StoreUnavailable } from '../../lib/store/store.ts'
import { type OpenStore, openStore, startServer } from './place.ts'

const { signal } = new AbortController()
let primary: PostgresServer
let standby: PostgresServer
let proxy: FaultyProxy
let store: OpenStore

beforeAll(async () => {
  primary = await startServer()
  standby = await primary.standby()
  // A write is answered once the standby has it, as docs/storage.md asks for.
  await primary.run(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await primary.run('SELECT pg_reload_conf()')
  await vi.waitFor(async () => {
    expect(await primary.run('SELECT sync_state FROM pg_stat_replication')).toEqual([{ sync_state: 'sync' }])
  }, 30_000)
  proxy = await startProxy(primary.port)
  store = openStore(`postgres://postgres@127.0.0.1:${proxy.port}/postgres`, {
    connections: 8,
    retryDelays: [50, 200, 400, 800, 1600],
  })
})
afterAll(async () => {
  store?.close()
  await proxy?.stop()
  await standby?.stop()
  await primary?.stop()
})

test('a standby decides nothing: reads and writes on it are unavailable', async () => {
  const version = won(await store.create('standby', { generation: 1 }, signal))
  const direct = openStore(standby.url())
  await expect(direct.get('standby', signal)).rejects.toThrow('the database is a standby')
  await expect(direct.list('', signal)).rejects.toThrow('the database is a standby')
  await expect(direct.replace('standby', {}, version, signal)).rejects.toThrow('the database is read-only')
  await expect(direct.create('standby-new', {}, signal)).rejects.toThrow('the database is read-only')
  direct.close()
})

test('a failover in the middle of writes: what was won stays won, and no generation is won twice [F-000-90]', async () => {
  const chains = 12
  /** What each writer of a chain was told: the generations that it won, and those whose outcome it does not know. */
  const told = Array.from({ length: chains }, () => ({ won: new Map<number, number>(), unsure: new Set<number>() }))
  let ended = false

  /** Two writers race for each next generation of one record. */
  async function write(chain: number): Promise<void> {
    const key = `chain/${chain}`
    const own = told[chain]
    while (!ended && own) {
      const current = await store.get(key, signal).catch(() => null)
      if (current === null) continue
      const generation = Number(current.value.generation) + 1
      const attempt = () => store.replace(key, { generation }, current.version, signal).catch((error: unknown) => error)
      for (const result of await Promise.all([attempt(), attempt()])) {
        if (result instanceof StoreUnavailable) own.unsure.add(generation)
        else if ('version' in Object(result)) own.won.set(generation, (own.won.get(generation) ?? 0) + 1)
      }
    }
  }

  for (let chain = 0; chain < chains; chain++) won(await store.create(`chain/${chain}`, { generation: 0 }, signal))
  const writers = Array.from({ length: chains }, (_, chain) => write(chain))
  const wins = () => told.reduce((sum, { won }) => sum + won.size, 0)
  await expect.poll(wins).toBeGreaterThan(40)
  await primary.crash()
  const before = wins()
  await standby.promote()
  proxy.redirect(standby.port)
  await expect.poll(wins).toBeGreaterThan(before + 40)
  ended = true
  await Promise.all(writers)

  for (const [chain, { won, unsure }] of told.entries()) {
    const last = Number((await store.get(`chain/${chain}`, signal))?.value.generation)
    expect([...won.values()].filter((times) => times > 1)).toEqual([])
    expect(Math.max(0, ...won.keys())).toBeLessThanOrEqual(last)
    // Every generation up to the last was won by a writer, or by one that could not know.
    for (let generation = 1; generation <= last; generation++) {
      expect([generation, won.has(generation) || unsure.has(generation)]).toEqual([generation, true])
    }
  }
})
