import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBlobsEmulator } from '../../../dev/blobs/emulator.ts'
import { startNetlifyServer } from '../../../dev/blobs/netlify-server.ts'
import { won } from '../../../dev/worlds/store-contract.ts'
import { proveConditionalWrites } from '../readiness.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import { createBlobsStore } from './blobs.ts'

/** The store under `netlify dev`, with one caller at a time: only Netlify Blobs and this project's emulator decide races. */

const { signal } = new AbortController()
let server: Awaited<ReturnType<typeof startNetlifyServer>>
let store: Store
/** The store without the option, as in all other environments. */
let strict: Store

beforeAll(async () => {
  server = await startNetlifyServer()
  store = createBlobsStore({ name: 'local', client: server.client, readsWithoutETag: true })
  strict = createBlobsStore({ name: 'local', client: server.client, retryDelays: [1, 1] })
})
afterAll(() => server.stop())

describe('on Netlify’s local server', () => {
  test('create wins once, and get returns the same version', async () => {
    const version = won(await store.create('grants/one', { by: 1 }, signal))
    expect(await store.get('grants/one', signal)).toEqual({ value: { by: 1 }, version })
    expect(await store.create('grants/one', { by: 2 }, signal)).toEqual({ won: false, ambiguous: false })
    expect(await store.get('grants/absent', signal)).toBeNull()
  })

  test('replace takes the version of create, of replace and of get, once each', async () => {
    const first = won(await store.create('grants/two', { by: 0 }, signal))
    const second = won(await store.replace('grants/two', { by: 1 }, first, signal))
    expect(await store.get('grants/two', signal)).toEqual({ value: { by: 1 }, version: second })
    const third = won(await store.replace('grants/two', { by: 2 }, second, signal))
    for (const outdated of [first, second, 'another']) {
      expect(await store.replace('grants/two', { by: 9 }, outdated, signal)).toEqual({ won: false, ambiguous: false })
    }
    const read = await store.get('grants/two', signal)
    expect(read).toEqual({ value: { by: 2 }, version: third })
    won(await store.replace('grants/two', { by: 3 }, read?.version ?? '', signal))
    expect(await store.replace('grants/none', {}, third, signal)).toEqual({ won: false, ambiguous: false })
  })

  test('each write of the same value has a new version; put changes it too; a removed key is absent', async () => {
    const first = won(await store.create('a/three', {}, signal))
    const second = won(await store.replace('a/three', {}, first, signal))
    await store.put('a/three', {}, signal)
    expect((await store.replace('a/three', {}, second, signal)).won).toBe(false)
    await store.remove('a/three', signal)
    expect(await store.get('a/three', signal)).toBeNull()
    won(await store.create('a/three', {}, signal))
    expect((await store.list('a/', signal)).keys).toEqual(['a/three'])
  })

  test('the store passes the readiness check; without the option it fails, because no read has a version', async () => {
    expect(await proveConditionalWrites(store, Date.now(), signal)).toBeNull()
    expect(await proveConditionalWrites(strict, Date.now(), signal)).toBe('store_unavailable')
    await expect(strict.get('grants/one', signal)).rejects.toThrow(StoreUnavailable)
  })
})

test('with the option, a server with ETags decides races in the same way', async () => {
  const emulator = await startBlobsEmulator()
  const local = createBlobsStore({ name: 'local', client: emulator.clientOptions(), readsWithoutETag: true })
  let version = won(await local.create('race', { round: -1 }, signal))
  for (let round = 0; round < 20; round++) {
    const writes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => local.replace('race', { round, i }, version, signal)),
    )
    const winners = writes.flatMap((write) => (write.won ? [write.version] : []))
    expect(winners).toHaveLength(1)
    expect(emulator.inspect('local', 'race')?.etag).toBe(`"${winners[0]}"`)
    version = winners[0] ?? ''
  }
  await emulator.stop()
})
