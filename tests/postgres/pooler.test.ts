import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Pooler, poolerProgram, startPooler } from '../../dev/postgres/pooler.ts'
import type { PostgresServer } from '../../dev/postgres/server.ts'
import { won } from '../../dev/worlds/store-contract.ts'
import { StoreUnavailable, type WriteResult } from '../../lib/store/store.ts'
import { openStore, startServer } from './place.ts'

const { signal } = new AbortController()
let server: PostgresServer
let pooler: Pooler

// CI installs it.
describe.skipIf(!existsSync(poolerProgram))('behind PgBouncer, which gives each statement another session', () => {
  beforeAll(async () => {
    server = await startServer()
    pooler = await startPooler(server, 3)
  })
  afterAll(async () => {
    await pooler?.stop()
    await server?.stop()
  })

  test('of 50 callers on three sessions exactly one wins, in each of 50 rounds', async () => {
    const store = openStore(pooler.url, { connections: 20 })
    let version = won(await store.create('chain', {}, signal))
    for (let round = 0; round < 50; round++) {
      const creates = await race((racer) => store.create(`create/${round}`, { racer }, signal))
      expect(creates).toHaveLength(1)
      const replaces = await race((racer) => store.replace('chain', { racer }, version, signal))
      expect(replaces).toHaveLength(1)
      version = replaces[0] ?? ''
    }
    const sessions = `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
    expect((await server.run(sessions)).length).toBeLessThanOrEqual(3)
    store.close()
  })

  test('a server that crashes behind the pooler and comes back: no write is taken for another’s', async () => {
    const store = openStore(pooler.url, { connections: 8, retryDelays: [50, 200, 800, 1600] })
    let started = 10
    const keys = Array.from({ length: 200 }, (_, key) => `crash/${key}`)
    const writes = Promise.all(
      keys.map(async (key, index) => {
        // They come one after the other, so that the crash finds some of them under way.
        await vi.waitFor(() => expect(started).toBeGreaterThanOrEqual(index), { interval: 1, timeout: 60_000 })
        const result = await store.create(key, { key }, signal).catch((error: unknown) => error)
        started += 1
        return { key, result }
      }),
    )
    await expect.poll(() => started).toBeGreaterThan(60)
    await server.crash()
    await server.start()
    for (const { key, result } of await writes) {
      // Each key has one writer: whatever it was told, it cannot have lost.
      expect(result instanceof StoreUnavailable || 'version' in Object(result), String(result)).toBe(true)
      if ('version' in Object(result)) expect((await store.get(key, signal))?.value).toEqual({ key })
    }
    store.close()
  })
})

/** Returns the versions of those who won. A loss must be a clear one. */
async function race(write: (racer: number) => Promise<WriteResult>): Promise<readonly string[]> {
  const results = await Promise.all(Array.from({ length: 50 }, (_, racer) => write(racer)))
  expect(results.filter((result) => !result.won && result.ambiguous)).toEqual([])
  return results.flatMap((result) => (result.won ? [result.version] : []))
}
