import { hash } from 'node:crypto'
import { getStore } from '@netlify/blobs'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BlobsEmulator, startBlobsEmulator } from './emulator.ts'

let emulator: BlobsEmulator
beforeAll(async () => {
  emulator = await startBlobsEmulator({ pageSize: 3 })
})
beforeEach(() => emulator.reset())
afterAll(() => emulator.stop())

/** Sends a request without the client, to the uncached listener. */
function raw(path: string, init: RequestInit = {}, headers: { readonly [name: string]: string } = {}) {
  const { token, uncachedEdgeURL } = emulator.clientOptions()
  return fetch(uncachedEdgeURL + path, { ...init, headers: { authorization: `Bearer ${token}`, ...headers } })
}
const path = '/local-site/site:raw/key'
const strong = () => getStore({ name: 'raw', consistency: 'strong', ...emulator.clientOptions() })
const eventual = () => getStore({ name: 'raw', ...emulator.clientOptions() })

describe('conditional writes', () => {
  test('of 50 parallel requests for a new key exactly one succeeds, in each of 20 rounds', async () => {
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, racer) =>
          raw(`${path}/${round}`, { method: 'PUT', body: `racer ${racer}` }, { 'if-none-match': '*' }),
        ),
      )
      const statuses = answers.map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 412)).toHaveLength(49)
    }
  })

  test('If-Match accepts only the current strong tag: no weak, bare or old tag, and no tag for a missing key', async () => {
    const etag = (await raw(path, { method: 'PUT', body: 'first' })).headers.get('etag') ?? ''
    expect(etag).toBe(`"${hash('md5', 'first')}"`)
    const replace = async (tag: string, key = path) =>
      (await raw(key, { method: 'PUT', body: 'second' }, { 'if-match': tag })).status
    expect(await replace(`W/${etag}`)).toBe(412)
    expect(await replace(etag.slice(1, -1))).toBe(412)
    expect(await replace(etag, `${path}/missing`)).toBe(412)
    expect(await replace(etag)).toBe(200)
    expect(await replace(etag)).toBe(412)
    expect(emulator.inspect('raw', 'key')?.body).toBe('second')
  })
})

describe('the real client', () => {
  test('stores, reads with metadata, revalidates, and deletes', async () => {
    const { etag = '' } = await strong().set('key', 'text', { metadata: { by: 'tester', über: 1 } })
    expect(await strong().getWithMetadata('key')).toEqual({ data: 'text', etag, metadata: { by: 'tester', über: 1 } })
    expect(await strong().getMetadata('key')).toEqual({ etag, metadata: { by: 'tester', über: 1 } })
    expect(await strong().getWithMetadata('key', { etag })).toMatchObject({ data: null, etag })
    await strong().delete('key')
    expect(await strong().get('key')).toBeNull()
    expect(await strong().getMetadata('key')).toBeNull()
  })

  test('may name a region', async () => {
    await getStore({ name: 'raw', region: 'eu-central-1', ...emulator.clientOptions() }).set('key', 'text')
    expect(await strong().get('key')).toBe('text')
  })

  test('lists by prefix and over pages, with and without directories', async () => {
    const keys = ['a', 'cats/1', 'cats/2', 'cats/old/1', 'cats/old/2', 'catsup', 'dogs/1']
    await Promise.all(keys.map((key) => strong().set(key, key)))
    const list = async (options: { prefix?: string; directories?: boolean }) => {
      const { blobs, directories } = await strong().list(options)
      return [blobs.map(({ key }) => key), directories]
    }
    expect(await list({})).toEqual([keys, []])
    expect(await list({ prefix: 'cats/' })).toEqual([keys.slice(1, 5), []])
    expect(await list({ directories: true })).toEqual([
      ['a', 'catsup'],
      ['cats', 'dogs'],
    ])
    expect(await list({ directories: true, prefix: 'cats/' })).toEqual([['cats/1', 'cats/2'], ['cats/old']])
    const { blobs } = await strong().list({ prefix: 'dogs' })
    expect(blobs).toEqual([{ key: 'dogs/1', etag: `"${hash('md5', 'dogs/1')}"` }])
  })

  test('removes all blobs of a store, a page at a time, and none of another store', async () => {
    const other = getStore({ name: 'raw-2', consistency: 'strong', ...emulator.clientOptions() })
    await other.set('key', 'text')
    for (const key of ['a', 'b/1', 'b/2', 'c', 'd', 'e', 'f']) await strong().set(key, key)
    const before = emulator.operations().at(-1)?.sequence ?? 0
    expect(await strong().deleteAll()).toEqual({ deletedBlobs: 7 })
    expect(emulator.operations(before).map(({ method, key }) => method + key)).toEqual(Array(3).fill('DELETE_ALL'))
    expect((await strong().list()).blobs).toEqual([])
    expect(await strong().deleteAll()).toEqual({ deletedBlobs: 0 })
    expect(await other.get('key')).toBe('text')
  })

  test('sees old content and old absence through the cache, and the current state otherwise', async () => {
    emulator.setStaleness(60_000)
    await strong().set('key', 'first')
    expect(await eventual().get('key')).toBeNull()
    expect((await eventual().list()).blobs).toEqual([])
    emulator.setStaleness(20)
    await vi.waitFor(async () => expect(await eventual().get('key')).toBe('first'))
    emulator.setStaleness(60_000)
    await strong().set('key', 'second')
    await strong().delete('key')
    expect(await strong().get('key')).toBeNull()
    emulator.setStaleness(0)
    expect(await eventual().get('key')).toBeNull()
  })
})

describe('access', () => {
  test.each([
    ['a wrong token', path, { authorization: 'Bearer wrong' }, 403],
    ['another site', '/other-site/site:raw/key', {}, 403],
    ['a path that does not name a blob', '/local-site', {}, 400],
    ['a key of 601 bytes', `/local-site/site:raw/${'k'.repeat(601)}`, {}, 400],
    ['a broken escape', '/local-site/site:raw/%zz', {}, 400],
  ])('refuses %s', async (_what, target, headers, status) => {
    expect((await raw(target, { method: 'PUT', body: 'x' }, headers)).status).toBe(status)
    expect(emulator.operations()).toEqual([])
  })

  test('a port in use is an error, and leaves nothing behind', async () => {
    const taken = Number(new URL(emulator.clientOptions().edgeURL).port)
    await expect(startBlobsEmulator({ ports: { edge: 0, uncached: taken } })).rejects.toThrow('EADDRINUSE')
  })
})

describe('controls over HTTP', () => {
  const post = async (route: string, body: unknown = {}) =>
    (await raw(`/__emulator/${route}`, { method: 'POST', body: JSON.stringify(body) })).status

  test('need the token', async () => {
    await strong().set('key', 'text')
    const init = { method: 'POST', body: '{}' }
    expect((await raw('/__emulator/reset', init, { authorization: '' })).status).toBe(403)
    expect(await strong().get('key')).toBe('text')
  })

  test('give the log after a sequence number, in the order of decisions', async () => {
    await strong().set('key', 'text')
    await eventual().get('key')
    const [first, second] = emulator.operations()
    expect(first).toMatchObject({ method: 'PUT', store: 'raw', key: 'key', status: 200, cached: false })
    expect(second).toMatchObject({ method: 'GET', store: 'raw', key: 'key', status: 200, cached: true })
    const response = await raw(`/__emulator/operations?after=${first?.sequence}`)
    expect(await response.json()).toEqual({ operations: [second] })
  })

  test('arm faults that come back after a number of requests', async () => {
    emulator.addFault({ action: 'status', status: 418, method: 'GET', key: '^again$', count: 2, every: 3 })
    const before = emulator.faultsStruck()
    const statuses: number[] = []
    for (let turn = 0; turn < 10; turn++) statuses.push((await raw('/local-site/site:store/again')).status)
    expect(statuses.map((status) => status === 418)).toEqual([...[0, 0, 0, 1, 1], ...[0, 0, 0, 1, 1]].map(Boolean))
    expect(emulator.faultsStruck() - before).toBe(4)
    emulator.clearFaults()
  })

  test('arm and clear faults', async () => {
    await strong().set('key', 'text')
    expect(await post('faults', { action: 'status', status: 418, method: 'GET', key: '^key$', count: 1 })).toBe(204)
    expect((await raw(path)).status).toBe(418)
    expect((await raw(path)).status).toBe(200)
    expect(await post('faults', { action: 'drop' })).toBe(204)
    await expect(raw(path)).rejects.toThrow()
    expect((await raw('/__emulator/faults', { method: 'DELETE' })).status).toBe(204)
    expect((await raw(path)).status).toBe(200)
    expect(emulator.operations().map(({ status }) => status)).toEqual([200, 418, 200, 0, 200])
  })

  test('set latency, staleness and ETags, and reset everything', async () => {
    expect(await post('etags', { mode: 'weak' })).toBe(204)
    expect(await post('staleness', { milliseconds: 60_000 })).toBe(204)
    expect(await post('latency', { milliseconds: 30 })).toBe(204)
    const start = performance.now()
    await strong().set('key', 'text')
    expect(performance.now() - start).toBeGreaterThan(28)
    expect((await strong().getMetadata('key'))?.etag).toMatch(/^W\//)
    expect(await eventual().get('key')).toBeNull()
    expect(await post('reset')).toBe(204)
    expect(emulator.operations()).toEqual([])
    expect(emulator.inspect('raw', 'key')).toBeNull()
    await strong().set('key', 'text')
    expect((await strong().getMetadata('key'))?.etag).toMatch(/^"/)
    expect(await eventual().get('key')).toBe('text')
  })

  test.each([
    ['faults', { action: 'explode' }],
    ['faults', { action: 'status' }],
    ['faults', { action: 'drop', key: '(' }],
    ['latency', { milliseconds: -1 }],
    ['etags', { mode: 'odd' }],
  ])('refuse nonsense: %s %j', async (route, body) => {
    expect(await post(route, body)).toBe(400)
    expect((await raw(path)).status).toBe(404)
  })
})
