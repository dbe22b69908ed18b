import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KeyPage, type Store, StoreUnavailable, type WriteResult } from '../../lib/store/store.ts'

export interface StoreUnderTest {
  readonly store: Store
  /** Keys in one page of its lists. */
  readonly pageSize: number
  stop(): Promise<void>
}

const racers = 50

/** Tests of the contract that every store must keep. `rounds`: of each race. */
export function describeStoreContract(name: string, open: () => Promise<StoreUnderTest>, rounds = 200): void {
  describe(`store contract: ${name}`, () => {
    let tested: StoreUnderTest
    let store: Store
    beforeAll(async () => {
      tested = await open()
      store = tested.store
    })
    afterAll(() => tested.stop())
    const { signal } = new AbortController()

    test('a key that was never written reads as null', async () => {
      expect(await store.get('absent/key', signal)).toBeNull()
    })

    test('a created value is read back, with the version that create returned', async () => {
      const value = { text: 'Grüße 🦑 "quoted"', list: [1, null, { deep: true }], nested: { empty: '' } }
      const version = won(await store.create('read/back', value, signal))
      expect(await store.get('read/back', signal)).toEqual({ value, version })
    })

    test('a second create loses and changes nothing', async () => {
      const version = won(await store.create('twice', { by: 'first' }, signal))
      expect(await store.create('twice', { by: 'second' }, signal)).toEqual({ won: false, ambiguous: false })
      expect(await store.get('twice', signal)).toEqual({ value: { by: 'first' }, version })
    })

    test('replace takes the version from create, from replace and from get alike', async () => {
      const first = won(await store.create('chain', { generation: 0 }, signal))
      const second = won(await store.replace('chain', { generation: 1 }, first, signal))
      won(await store.replace('chain', { generation: 2 }, second, signal))
      const read = await store.get('chain', signal)
      won(await store.replace('chain', { generation: 3 }, read?.version ?? '', signal))
      expect((await store.get('chain', signal))?.value).toEqual({ generation: 3 })
    })

    test('replace with a version that is no longer current loses and changes nothing', async () => {
      const first = won(await store.create('stale', { generation: 0 }, signal))
      won(await store.replace('stale', { generation: 1 }, first, signal))
      const late = await store.replace('stale', { generation: 'late' }, first, signal)
      expect(late).toEqual({ won: false, ambiguous: false })
      expect((await store.get('stale', signal))?.value).toEqual({ generation: 1 })
    })

    test('replace of a key that does not exist loses and creates nothing', async () => {
      const version = won(await store.create('elsewhere', {}, signal))
      expect(await store.replace('missing', {}, version, signal)).toEqual({ won: false, ambiguous: false })
      expect(await store.get('missing', signal)).toBeNull()
    })

    test.each(['', ' ', 'W/"x"', '"x"', 'x\r\ny', 'ü'])('replace refuses %j for a version', async (version) => {
      await store.put('refuses', { by: 'owner' }, signal)
      await expect(store.replace('refuses', {}, version, signal)).rejects.toThrow(TypeError)
      expect((await store.get('refuses', signal))?.value).toEqual({ by: 'owner' })
    })

    test('a version is never used again, not even for the same value', async () => {
      const first = won(await store.create('aba', { value: 'a' }, signal))
      const second = won(await store.replace('aba', { value: 'a' }, first, signal))
      await store.put('aba', { value: 'a' }, signal)
      const third = (await store.get('aba', signal))?.version
      await store.remove('aba', signal)
      const fourth = won(await store.create('aba', { value: 'a' }, signal))
      expect(new Set([first, second, third, fourth]).size).toBe(4)
      expect(await store.replace('aba', {}, first, signal)).toEqual({ won: false, ambiguous: false })
    })

    test('put writes whether or not the key exists, and outdates the version', async () => {
      await store.put('put', { by: 'first' }, signal)
      const before = await store.get('put', signal)
      await store.put('put', { by: 'second' }, signal)
      expect((await store.get('put', signal))?.value).toEqual({ by: 'second' })
      expect((await store.replace('put', {}, before?.version ?? '', signal)).won).toBe(false)
    })

    test('remove may be repeated; afterwards replace loses and create wins [O-06]', async () => {
      const version = won(await store.create('removed', {}, signal))
      await store.remove('removed', signal)
      await store.remove('removed', signal)
      expect(await store.get('removed', signal)).toBeNull()
      expect((await store.replace('removed', {}, version, signal)).won).toBe(false)
      won(await store.create('removed', {}, signal))
    })

    test('the store and its callers share no object', async () => {
      const value = { list: ['kept'] }
      await store.put('copies', value, signal)
      value.list.push('added by the writer')
      const read = await store.get('copies', signal)
      Object.assign(read?.value ?? {}, { list: ['changed by a reader'] })
      expect((await store.get('copies', signal))?.value).toEqual({ list: ['kept'] })
    })

    test.each([
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      'a/../b',
      '../a',
      'a/...',
      'a?b',
      'a#b',
      'a%2fb',
      'a b',
      'ä',
      'a\n',
      'a'.repeat(601),
    ])('no operation accepts %j for a key', async (key) => {
      for (const operation of operationsOn(store, key, signal)) await expect(operation()).rejects.toThrow(TypeError)
    })

    test.each(['/a', 'a//b', 'a/../b', '../a', 'a?b', 'a#b', 'a%2fb', 'ä', 'a'.repeat(601)])(
      'list does not accept %j for a prefix',
      async (prefix) => {
        await expect(store.list(prefix, signal)).rejects.toThrow(TypeError)
      },
    )

    test('a key may have 600 bytes, dots and dashes [O-07]', async () => {
      const key = `${'k.-_/'.repeat(119)}.Z9-.`
      await store.put(key, { long: true }, signal)
      expect((await store.get(key, signal))?.value).toEqual({ long: true })
    })

    test('list gives the keys under a prefix in order, page by page, and no others', async () => {
      const count = tested.pageSize + 3
      const keys = Array.from({ length: count }, (_, index) => `list/here/${String(index).padStart(5, '0')}`)
      await Promise.all([...keys, 'list/hereafter', 'list/her', 'other'].map((key) => store.put(key, {}, signal)))
      const pages = await allPages(store, 'list/here/', signal)
      expect(pages.flatMap((page) => page.keys)).toEqual(keys)
      expect(pages.map((page) => page.keys.length)).toEqual([tested.pageSize, 3])
    })

    test('list takes any beginning of a key, and gives an empty page where nothing is', async () => {
      await store.put('begin/abc', {}, signal)
      expect(await store.list('begin/ab', signal)).toEqual({ keys: ['begin/abc'] })
      expect(await store.list('begin/x', signal)).toEqual({ keys: [] })
      expect((await store.list('', signal)).keys.length).toBeGreaterThan(0)
    })

    test('after the signal, every operation fails as unavailable and nothing is written', async () => {
      const late = AbortSignal.abort()
      for (const operation of operationsOn(store, 'too/late', late)) {
        await expect(operation()).rejects.toThrow(StoreUnavailable)
      }
      await expect(store.list('too/', late)).rejects.toThrow(StoreUnavailable)
      expect(await store.get('too/late', signal)).toBeNull()
    })

    test(`create: of ${racers} racers exactly one wins, in each of ${rounds} rounds [O-03 T-14]`, async () => {
      for (let round = 0; round < rounds; round++) {
        const key = `race/create/${round}`
        const results = await race((racer) => store.create(key, { racer }, signal))
        await expectOneWinner(store, key, results, signal)
      }
    })

    test(`replace: of ${racers} racers exactly one wins, in each of ${rounds} rounds [O-03]`, async () => {
      const key = 'race/replace'
      let version = won(await store.create(key, { racer: 'none' }, signal))
      for (let round = 0; round < rounds; round++) {
        const expected = version
        const results = await race((racer) => store.replace(key, { racer }, expected, signal))
        version = await expectOneWinner(store, key, results, signal)
      }
    })
  })
}

/** @throws if the write was lost */
export function won(result: WriteResult): string {
  if (!result.won) throw new Error('expected to win')
  expect(result.version).not.toBe('')
  return result.version
}

/** Every operation on one key. */
export function operationsOn(store: Store, key: string, signal: AbortSignal): readonly (() => Promise<unknown>)[] {
  return [
    () => store.get(key, signal),
    () => store.create(key, {}, signal),
    () => store.replace(key, {}, 'version', signal),
    () => store.put(key, {}, signal),
    () => store.remove(key, signal),
  ]
}

function race(attempt: (racer: number) => Promise<WriteResult>): Promise<WriteResult[]> {
  return Promise.all(Array.from({ length: racers }, (_, racer) => attempt(racer)))
}

async function expectOneWinner(
  store: Store,
  key: string,
  results: readonly WriteResult[],
  signal: AbortSignal,
): Promise<string> {
  const winners = results.flatMap((result, racer) => (result.won ? [{ racer, version: result.version }] : []))
  expect(winners).toHaveLength(1)
  expect(results.every((result) => result.won || !result.ambiguous)).toBe(true)
  const [winner] = winners
  expect(await store.get(key, signal)).toEqual({ value: { racer: winner?.racer }, version: winner?.version })
  return winner?.version ?? ''
}

async function allPages(store: Store, prefix: string, signal: AbortSignal): Promise<KeyPage[]> {
  const pages = [await store.list(prefix, signal)]
  for (let next = pages[0]?.next; next !== undefined; ) {
    const page = await store.list(prefix, signal, next)
    pages.push(page)
    next = page.next
  }
  return pages
}
