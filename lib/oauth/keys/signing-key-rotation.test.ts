import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import {
  createSite,
  createSiteWithTwo,
  day,
  hour,
  instance,
  issuer,
  kidsOf,
  recordOf,
  resetWorld,
  secrets,
  signal,
  world,
} from '../../../dev/worlds/signing-keys.ts'
import { readConfiguration } from '../../settings/configuration.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { storeKeyOf, UnreadableSigningKey } from './signing-keys.ts'

beforeEach(resetWorld)
afterAll(() => vi.restoreAllMocks())

describe('the next signing key', () => {
  test('is created when the newest is 90 days old, and not a second earlier [O-09]', async () => {
    const { store, service, first } = await createSite()
    world.clock += 90 * day - 1000
    await service.maintain()
    expect(await kidsOf(store)).toEqual([first])
    world.clock += 1000
    await service.maintain()
    const [, second] = await kidsOf(store)
    expect(world.logged).toEqual([{ event: 'signing_key_created', kid: second }])
    await service.maintain()
    expect(await kidsOf(store)).toEqual([first, second])
  })

  test('is published for an hour before it signs, and then signs wherever the record has been read [O-09]', async () => {
    const { store, first, second } = await createSiteWithTwo()
    const service = instance(store)
    world.clock += hour - 1000
    expect(await service.published()).toEqual([first, second])
    expect(await service.kidThatSigns()).toBe(first)
    world.clock += 1000
    const reads = vi.spyOn(store, 'get')
    expect(await service.kidThatSigns()).toBe(second)
    expect(reads).not.toHaveBeenCalled()
  })

  test('signs only after the oldest copies have ended, also those of an instance that lost the store [O-09]', async () => {
    const { store } = await createSite()
    world.clock += 90 * day - 1000
    const lost = instance(store)
    const [first] = await lost.published()
    world.clock += 1000
    await instance(store).maintain()
    vi.spyOn(store, 'get').mockRejectedValue(new StoreUnavailable('down'))
    world.clock += 898_000
    expect(await lost.published()).toEqual([first])
    world.clock += 2000
    await expect(lost.published()).rejects.toThrow(StoreUnavailable)
    await expect(lost.kidThatSigns()).rejects.toThrow(StoreUnavailable)
    vi.mocked(store.get).mockRestore()
    world.clock += 300_000
    expect(await instance(store).kidThatSigns()).toBe(first)
  })

  test('replaces its predecessor after all tokens of that have expired [O-09]', async () => {
    const { store, service, first, second } = await createSiteWithTwo()
    world.clock += hour + day + hour - 1000
    await service.maintain()
    expect(await kidsOf(store)).toEqual([first, second])
    world.clock += 1000
    await service.maintain()
    expect(await kidsOf(store)).toEqual([second])
    expect(world.logged).toEqual([{ event: 'signing_key_retired', kid: first }])
  })

  test('is created once by concurrent runs', async () => {
    for (let round = 0; round < 25; round++) {
      const { store, first } = await createSite()
      world.clock += 90 * day
      await Promise.all(Array.from({ length: 20 }, () => instance(store).maintain()))
      const [old, created, ...more] = await kidsOf(store)
      expect([old, more]).toEqual([first, []])
      expect(world.logged).toEqual([{ event: 'signing_key_created', kid: created }])
    }
  })

  test.each([
    ['before it has taken effect', false],
    ['after it has taken effect', true],
  ])('is created once if the answer of the write was lost, %s', async (_when, taken) => {
    const { store, service, first } = await createSite()
    world.clock += 90 * day
    const replace: Store['replace'] = async (...parameters) => {
      if (taken) await store.replace(...parameters)
      throw new StoreUnavailable('no answer')
    }
    await expect(instance({ ...store, replace }).maintain()).rejects.toThrow(StoreUnavailable)
    await service.maintain()
    const [old, created, ...more] = await kidsOf(store)
    expect([old, typeof created, more]).toEqual([first, 'string', []])
  })

  test('is created four times a year, and there are never more than two keys', async () => {
    const { store, service } = await createSite()
    const sizes = new Set<number>()
    for (let run = 0; run < 4 * 366; run++) {
      world.clock += day / 4
      await service.maintain()
      sizes.add((await recordOf(store)).keys.length)
    }
    expect([...sizes]).toEqual([1, 2])
    expect(world.logged.filter(({ event }) => event === 'signing_key_created')).toHaveLength(4)
    expect(world.logged.filter(({ event }) => event === 'signing_key_retired')).toHaveLength(4)
  })

  test('is not created while there is no key: the first token creates that', async () => {
    const store = createMemoryStore()
    await instance(store).maintain()
    expect(await recordOf(store)).toEqual({ version: undefined, keys: [] })
  })

  test('outlives every access token that the settings allow', () => {
    const complaints = (seconds: number) =>
      readConfiguration(
        { MCP_OAUTH_ACCESS_TTL: String(seconds) },
        { issuer, storeName: 'store', production: true },
      ).problems.filter(({ text }) => text.includes('MCP_OAUTH_ACCESS_TTL'))
    expect([complaints(86_400).length, complaints(86_401).length]).toEqual([0, 1])
  })
})

describe('a changed secret', () => {
  const later = { ...newSecrets(), previous: [secrets.current] }
  const withoutOld = { ...later, previous: [] }

  test('seals every key again, once, and then the previous secret is no longer needed [O-09]', async () => {
    const { store, first, second } = await createSiteWithTwo()
    await expect(instance(store, { using: withoutOld }).kidThatSigns()).rejects.toThrow(UnreadableSigningKey)
    const service = instance(store, { using: later })
    await service.maintain()
    expect(world.logged).toEqual([first, second].map((kid) => ({ event: 'signing_key_resealed', kid })))
    const { version } = await recordOf(store)
    await service.maintain()
    expect((await recordOf(store)).version).toBe(version)
    expect(await instance(store, { using: withoutOld }).kidThatSigns()).toBe(first)
    world.clock += hour
    expect(await instance(store, { using: withoutOld }).kidThatSigns()).toBe(second)
  })

  test('that does not open a key is logged, and no key is removed, created or sealed', async () => {
    const { store, first, second } = await createSiteWithTwo()
    const { version } = await recordOf(store)
    world.clock += 90 * day
    await instance(store, { using: withoutOld }).maintain()
    expect(world.logged).toEqual([first, second].map((kid) => ({ event: 'signing_key_unreadable', kid })))
    expect((await recordOf(store)).version).toBe(version)
  })

  test('that does not open one of two keys leaves both', async () => {
    const { store, first } = await createSite()
    await instance(store, { using: later }).maintain()
    world.clock += 90 * day
    // An old deploy that knows only the former secret cannot open the key, and creates none beside it.
    await instance(store).maintain()
    expect(await kidsOf(store)).toEqual([first])
    await instance(store, { using: later }).maintain()
    const [, second = ''] = await kidsOf(store)
    const { keys, version = '' } = await recordOf(store)
    const [damaged, intact] = keys.map((key) => ({ ...key, sealedPrivateJwk: `${key.sealedPrivateJwk}x` }))
    await store.replace(storeKeyOf(issuer), { keys: [damaged, keys[1] ?? intact] }, version, signal)
    world.logged = []
    world.clock += 2 * day
    await instance(store, { using: later }).maintain()
    expect(world.logged).toEqual([{ event: 'signing_key_unreadable', kid: first }])
    expect(await kidsOf(store)).toEqual([first, second])
  })
})

test('an instance that has read the keys verifies tokens throughout an outage of the store', async () => {
  const { store, service, first } = await createSite()
  vi.spyOn(store, 'get').mockRejectedValue(new StoreUnavailable('down'))
  world.clock += day
  expect(await service.verifies(first, world.clock / 1000)).toBe(true)
})

test('a damaged record is an error, and is not changed', async () => {
  const { store, service } = await createSite()
  await store.put(storeKeyOf(issuer), { keys: [] }, signal)
  await expect(service.maintain()).rejects.toThrow(UnreadableSigningKey)
  expect((await store.get(storeKeyOf(issuer), signal))?.value).toEqual({ keys: [] })
})
