import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import * as v from 'valibot'
import { migrate } from '../dev/postgres/migrate.ts'
import { startProxy } from '../dev/postgres/proxy.ts'
import { startPostgres } from '../dev/postgres/server.ts'
import { startWorld, type World } from '../dev/start/world.ts'
import { createBlobsStore } from '../lib/store/blobs/blobs.ts'
import { openDatabase } from '../lib/store/postgres/database.ts'
import { createPostgresStore } from '../lib/store/postgres/postgres.ts'
import type { Store } from '../lib/store/store.ts'
import { targetOf } from './driver.ts'
import type { Figure } from './figures.ts'
import { type Artifacts, measureColdStores } from './footprint.ts'
import { type Bounds, measureSome } from './load.ts'
import { measureRoundTrips } from './round-trips.ts'
import { quantile } from './statistics.ts'

interface StoresPlan {
  readonly roundTrips: number
  readonly load: Bounds
  readonly cold: number
}

const { signal } = new AbortController()
const clientOptions = v.object({
  siteID: v.string(),
  token: v.string(),
  edgeURL: v.string(),
  uncachedEdgeURL: v.string(),
})

/** Both stores side by side: single operations, requests, round trips and cold starts. */
export async function measureStores(
  artifacts: Artifacts,
  { roundTrips, load, cold }: StoresPlan,
  progress: (what: string) => void,
): Promise<Figure[]> {
  const emulator = fork(new URL('../dev/blobs/emulator-child.ts', import.meta.url), ['{}'], { execArgv: [] })
  const server = await startPostgres({ max_connections: '200' })
  const proxy = await startProxy(server.port)
  try {
    const blobs = v.parse(clientOptions, (await once(emulator, 'message'))[0])
    await migrate(server.url())
    const [direct, ofService] = [await server.create('direct', 'postgres'), await server.create('service', 'postgres')]
    const database = openDatabase({ url: direct, connections: 16 })
    const stores = [
      { name: 'Blobs', store: createBlobsStore({ name: 'bench', client: blobs }) },
      { name: 'PostgreSQL', store: createPostgresStore({ site: 'bench', database: () => database }) },
    ]
    const figures: Figure[] = []
    for (const callers of [1, 16]) {
      progress(`operations of both stores, ${callers} at a time`)
      for (const { name, store } of stores) figures.push(...(await measureOperations(name, store, callers, load)))
    }
    database.close()

    progress('cold starts on both stores')
    const settings = { STORE_BACKEND: 'postgres', DATABASE_URL: direct }
    const colds = await measureColdStores(artifacts, cold, [
      { name: 'Blobs', blobs, settings: {} },
      { name: 'PostgreSQL', blobs, settings },
    ])
    for (const name of colds.names()) {
      const section = 'Stores: import and first answer, with one read of the store'
      figures.push({ section, name, value: colds.median(name), unit: 'ms', digits: 1 })
    }

    const onBlobs = (work: (world: World) => Promise<Figure[]>) => withWorld(artifacts, {}, work)
    const onPostgres = (url: string, work: (world: World) => Promise<Figure[]>) =>
      withWorld(artifacts, { STORE_BACKEND: 'postgres', DATABASE_URL: url }, work)
    const requests = (name: string) => (world: World) =>
      measureSome(
        `Stores: requests per second on ${name}`,
        ['code exchange', 'refresh'],
        targetOf(world),
        load,
        progress,
      )
    figures.push(...(await onBlobs(requests('Blobs'))), ...(await onPostgres(ofService, requests('PostgreSQL'))))

    progress('round trips on both stores')
    const throughProxy = ofService.replace(String(server.port), String(proxy.port))
    const counted = {
      count: () => proxy.statements.length,
      setLatency: (milliseconds: number) => {
        proxy.latency = milliseconds
      },
    }
    figures.push(
      ...(await onBlobs((world) => measureRoundTrips(world, roundTrips, undefined, 'Stores: round trips on Blobs'))),
      ...(await onPostgres(throughProxy, (world) =>
        measureRoundTrips(world, roundTrips, counted, 'Stores: round trips on PostgreSQL'),
      )),
    )
    return figures
  } finally {
    await proxy.stop()
    await server.stop()
    emulator.disconnect()
  }
}

async function withWorld<T>(
  { ours }: Artifacts,
  settings: Readonly<Record<string, string>>,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const world = await startWorld({ artifact: ours, settings, onOutput: () => {} })
  try {
    return await work(world)
  } finally {
    await world.stop()
  }
}

/** Of about the size of a grant. */
const value = { generation: 0, clientHash: 'x'.repeat(43), clientName: 'Bench', filler: 'y'.repeat(200) }

async function measureOperations(name: string, store: Store, callers: number, bounds: Bounds): Promise<Figure[]> {
  const written: string[] = []
  const operations: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'create',
      async () => {
        const key = `bench/${randomUUID()}`
        await store.create(key, value, signal)
        written.push(key)
      },
    ],
    ['get', () => store.get(written[Math.floor(Math.random() * written.length)] ?? 'none', signal)],
    [
      'get and replace',
      async () => {
        const key = written[Math.floor(Math.random() * written.length)] ?? 'none'
        const found = await store.get(key, signal)
        await store.replace(key, value, found?.version ?? 'none', signal)
      },
    ],
  ]
  const figures: Figure[] = []
  for (const [operation, run] of operations) {
    const walls: number[] = []
    const began = performance.now()
    const repeat = async () => {
      while (performance.now() - began < bounds.milliseconds / 2 && walls.length < bounds.requests) {
        const sent = performance.now()
        await run()
        walls.push(performance.now() - sent)
      }
    }
    await Promise.all(Array.from({ length: callers }, repeat))
    figures.push({
      section: `Stores: operations per second, ${callers} at a time`,
      name: `${operation}, ${name}`,
      value: (walls.length / (performance.now() - began)) * 1000,
      unit: '/s',
      note: `p50 ${quantile(walls, 0.5).toFixed(2)} ms, p99 ${quantile(walls, 0.99).toFixed(2)} ms`,
    })
  }
  return figures
}
