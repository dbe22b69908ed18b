import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../memory.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import { createHandOver } from './hand-over.ts'
import { createMovingStore } from './moving-store.ts'
import { completeMove, guardedTarget, moveKey, openMove, readMove } from './open-move.ts'

const { signal } = new AbortController()
const opened = async () => 'open' as const

/** Two memory stores and the moving store over them. `trips` are the operations since the last call. */
function createWorld() {
  let trips: string[] = []
  const counted = (name: string, store: Store): Store => {
    const count =
      <P extends unknown[], T>(operation: string, run: (...parameters: P) => Promise<T>) =>
      (...parameters: P) => {
        trips.push(`${name}.${operation}`)
        return run(...parameters)
      }
    return {
      get: count('get', store.get),
      create: count('create', store.create),
      replace: count('replace', store.replace),
      put: count('put', store.put),
      remove: count('remove', store.remove),
      list: count('list', store.list),
    }
  }
  const [source, target] = [createMemoryStore(), createMemoryStore()]
  const store = createMovingStore({ source: counted('source', source), target: counted('target', target), opened })
  const { carry } = createHandOver(source, target)
  return {
    ...{ source, target, store },
    copy: (key: string) => carry(key, signal),
    trips() {
      const taken = trips
      trips = []
      return taken.join(' ')
    },
  }
}

const keysOf = async (store: Store, prefix = '') => (await store.list(prefix, signal)).keys
const versionOf = (write: { won: boolean; version?: string }) => write.version ?? ''

describe('trips [N32]', () => {
  test('a record that has moved costs one trip for a read and one for a write, as ever', async () => {
    const { store, source, trips, copy } = createWorld()
    await source.create('grants/a', { generation: 0 }, signal)
    await copy('grants/a')
    const stored = await store.get('grants/a', signal)
    expect(trips()).toBe('target.get')
    await store.replace('grants/a', { generation: 1 }, stored?.version ?? '', signal)
    expect(trips()).toBe('target.replace')
  })

  test('the first use moves a grant, in at most seven trips', async () => {
    const { store, source, trips } = createWorld()
    const made = await source.create('grants/a', { generation: 0 }, signal)
    await store.replace('grants/a', { generation: 1 }, versionOf(made), signal)
    expect(trips()).toBe('target.replace target.get source.get source.replace target.create source.get target.replace')
    expect((await store.get('grants/a', signal))?.value).toEqual({ generation: 1 })
    await source.create('grants/b', { generation: 0 }, signal)
    trips()
    await store.get('grants/b', signal)
    expect(trips()).toBe('target.get source.get source.replace target.create source.get')
  })

  test('a code costs four: the source decides before the target has anything', async () => {
    const { store, trips } = createWorld()
    await store.create('grants/a', { generation: 0 }, signal)
    expect(trips()).toBe('target.get source.get source.create target.create')
  })

  test('a record that waits for the copy is read and replaced at the source', async () => {
    const { store, source, trips, target } = createWorld()
    await source.create('signing-keys/a', { keys: [1] }, signal)
    const stored = await store.get('signing-keys/a', signal)
    expect(trips()).toBe('target.get source.get')
    await store.replace('signing-keys/a', { keys: [1, 2] }, stored?.version ?? '', signal)
    expect((await source.get('signing-keys/a', signal))?.value).toEqual({ keys: [1, 2] })
    expect(await target.get('signing-keys/a', signal)).toBeNull()
  })

  test('hits of a limit stay at the source, in one trip each', async () => {
    const { store, trips, target } = createWorld()
    await store.create('limits/1/tool/a/0', {}, signal)
    await store.list('limits/1/tool/a/', signal)
    expect(trips()).toBe('source.create source.list')
    expect(await keysOf(target)).toEqual([])
  })
})

test('an instance that finds the move complete uses the target alone', async () => {
  const { source, target } = createWorld()
  const store = createMovingStore({ source, target, opened: async () => 'complete' })
  await store.create('grants/a', {}, signal)
  await store.create('limits/1/a', {}, signal)
  expect([await keysOf(source), await keysOf(target)]).toEqual([[], ['grants/a', 'limits/1/a']])
})

describe('records of every kind', () => {
  test('what an older instance adds is seen, and what it changes before the copy moves', async () => {
    const { store, source, copy } = createWorld()
    await source.put('users/a', { name: 'old' }, signal)
    expect((await store.get('users/a', signal))?.value).toEqual({ name: 'old' })
    await source.put('users/a', { name: 'new' }, signal)
    await copy('users/a')
    expect((await store.get('users/a', signal))?.value).toEqual({ name: 'new' })
    await store.put('users/a', { name: 'newest' }, signal)
    expect((await store.get('users/a', signal))?.value).toEqual({ name: 'newest' })
  })

  test('an older instance still reads what it may read: signing keys, blocked clients, users', async () => {
    const { source, copy } = createWorld()
    await source.put('blocked-clients/list', { entries: { a: {} } }, signal)
    await copy('blocked-clients/list')
    expect((await source.get('blocked-clients/list', signal))?.value.entries).toEqual({ a: {} })
  })

  test('a list names each record once, in order and page by page, wherever it is', async () => {
    const { store, source, target, copy } = createWorld()
    const keys = Array.from({ length: 2_500 }, (_, index) => `audit/${String(index).padStart(5, '0')}`)
    for (const [index, key] of keys.entries()) {
      if (index % 5 === 4) await target.create(key, {}, signal)
      else await source.create(key, {}, signal)
      if (index % 3 === 0) await copy(key)
    }
    const listed: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.list('audit/', signal, cursor)
      expect(page.keys.length).toBeGreaterThan(0)
      listed.push(...page.keys)
      cursor = page.next
    } while (cursor !== undefined)
    expect(listed).toEqual(keys)
  })

  test('what is removed is gone from both stores, and can be created again', async () => {
    const { store, source, target, copy } = createWorld()
    for (const key of ['users/a', 'users/b']) await source.put(key, { name: 'x' }, signal)
    await copy('users/a')
    for (const key of ['users/a', 'users/b', 'users/c']) await store.remove(key, signal)
    expect([await keysOf(source), await keysOf(target)]).toEqual([[], []])
    expect((await store.create('users/a', { name: 'y' }, signal)).won).toBe(true)
    expect((await store.get('users/a', signal))?.value).toEqual({ name: 'y' })
  })
})

describe('a move that is turned around, and a move back', () => {
  test('before it is complete: every record is found, wherever it is', async () => {
    const { source, target, copy, store } = createWorld()
    for (const key of ['users/a', 'users/b', 'grants/a', 'grants/b']) await source.create(key, { at: key }, signal)
    for (const key of ['users/a', 'grants/a']) await copy(key)
    await store.put('users/a', { at: 'changed' }, signal)
    const back = createMovingStore({ source: target, target: source, opened })
    expect((await back.get('users/a', signal))?.value).toEqual({ at: 'changed' })
    expect((await back.get('grants/a', signal))?.value).toEqual({ at: 'grants/a' })
    expect((await back.get('grants/b', signal))?.value).toEqual({ at: 'grants/b' })
    expect(await keysOf(back)).toEqual(['grants/a', 'grants/b', 'users/a', 'users/b'])
    await back.remove('users/a', signal)
    expect(await back.get('users/a', signal)).toBeNull()
    const again = createMovingStore({ source, target, opened })
    expect(await again.get('users/a', signal)).toBeNull()
    expect((await again.get('grants/a', signal))?.value).toEqual({ at: 'grants/a' })
  })

  const between = (source: Store, target: Store) => ({
    forth: { from: 'blobs', to: 'postgres', source, target },
    back: { from: 'postgres', to: 'blobs', source: target, target: source },
  })

  test('STORE_MOVING_FROM that is removed too early: a grant that has not moved is unavailable, and never unknown', async () => {
    const { source, target, copy } = createWorld()
    for (const key of ['grants/a', 'grants/b']) await source.create(key, {}, signal)
    await openMove(between(source, target).forth, 1, signal)
    await copy('grants/a')
    const later = guardedTarget(target, 'blobs')
    expect(await later.get('grants/a', signal)).not.toBeNull()
    expect(await later.get('users/a', signal)).toBeNull()
    await expect(later.get('grants/b', signal)).rejects.toThrow(StoreUnavailable)
    await completeMove(target, 'blobs', 2, signal)
    expect(await later.get('grants/b', signal)).toBeNull()
  })

  test('begins only at an empty target, or turns around what is not complete', async () => {
    const { source, target } = createWorld()
    const { forth, back } = between(source, target)
    await source.create('users/a', {}, signal)
    await openMove(forth, 1, signal)
    await openMove(forth, 2, signal)
    expect(await readMove(target, 'blobs', signal)).toMatchObject({ state: 'open', openedAt: 1 })
    await openMove(back, 3, signal)
    expect(await readMove(target, 'blobs', signal)).toMatchObject({ state: 'over' })
    await openMove(forth, 4, signal)
    expect(await readMove(target, 'blobs', signal)).toMatchObject({ state: 'open', openedAt: 4 })
    await completeMove(target, 'blobs', 5, signal)
    expect(await openMove(forth, 5, signal)).toBe('complete')
    // What is left at the first source belongs to another time.
    await expect(openMove(back, 6, signal)).rejects.toThrow(StoreUnavailable)
    await source.remove('users/a', signal)
    await source.remove(moveKey('postgres'), signal)
    await openMove(back, 7, signal)
    await target.create('users/b', {}, signal)
    await expect(openMove(forth, 8, signal)).resolves.toBe('open')
  })
})
