import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { signOnMainThread } from './compact.ts'
import { createSealing } from './sealing.ts'
import {
  createPublicKeys,
  createSigningKeys,
  createStoredKeysReader,
  pinnedSigningKey,
  storeKeyOf,
  UnreadableSigningKey,
} from './signing-keys.ts'

const issuer = 'https://docs.example'
let clock = Date.UTC(2026, 10, 21)
const now = () => clock
const minute = 60_000
const signal = () => AbortSignal.timeout(60_000)

function instance(store = createMemoryStore(), secrets = newSecrets()) {
  const logged: string[] = []
  const sealing = createSealing(issuer, secrets)
  const stored = createStoredKeysReader({ issuer, store, now })
  const keys = createSigningKeys({ issuer, store, stored, sealing, now, log: recorded((event) => logged.push(event)) })
  return { keys, store, stored, secrets, logged, publicKeys: createPublicKeys(stored) }
}

describe('an attacker who can write the store, but has no secret', () => {
  const published = async (publicKeys: ReturnType<typeof createPublicKeys>) =>
    (await publicKeys(signal())).keys.map(({ kid }) => kid)

  test('cannot publish a key of their own, beside the real key or in its place [O-09 S-07]', async () => {
    const { keys, store, stored, secrets } = instance()
    const { kid } = await keys.signer(signal())
    const [own] = (await stored(signal(), 'new'))?.keys ?? []
    if (!own) throw new Error('there is no key')
    const { n = '', e = '' } = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)
    const publicJwk = { kty: 'RSA' as const, n, e }
    const logged: unknown[] = []
    const log = recorded((event, fields) => logged.push([event, fields]))
    for (const [forged, left] of [
      [{ ...own, kid: 'mine', publicJwk }, [kid]],
      [{ ...own, kid: 'mine', publicJwk, sealedPrivateJwk: 'junk' }, [kid]],
      [{ ...own, publicJwk }, []],
    ] as const) {
      const records = left.length > 0 ? [forged, own] : [forged]
      await store.put(storeKeyOf(issuer), { keys: records }, signal())
      const reader = createStoredKeysReader({ issuer, store, now })
      const sealing = createSealing(issuer, secrets)
      expect(await published(createPublicKeys(reader, { sealing, log }))).toEqual(left)
      expect(logged.splice(0)).toEqual([['signing_key_unreadable', { kid: forged.kid }]])
    }
  })

  test('gets no token signed under the name of such a key', async () => {
    const { keys, store, stored, secrets } = instance()
    await keys.signer(signal())
    const [own] = (await stored(signal(), 'new'))?.keys ?? []
    if (!own) throw new Error('there is no key')
    const { n = '', e = '' } = await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)
    await store.put(storeKeyOf(issuer), { keys: [{ ...own, publicJwk: { kty: 'RSA', n, e } }] }, signal())
    await expect(instance(store, secrets).keys.signer(signal())).rejects.toThrow(UnreadableSigningKey)
  })
})

describe('the signing key', () => {
  test('is created once by instances that start at the same moment [O-09]', async () => {
    const first = instance()
    const instances = [first, ...Array.from({ length: 7 }, () => instance(first.store, first.secrets))]
    const signers = await Promise.all(
      instances.flatMap(({ keys }) => [keys.signer(signal()), keys.signer(signal()), keys.signer(signal())]),
    )
    expect(new Set(signers.map(({ kid }) => kid)).size).toBe(1)
    expect(instances.flatMap(({ logged }) => logged)).toEqual(['signing_key_created'])
    const { keys } = await first.publicKeys(signal())
    expect(keys.map(({ kid }) => kid)).toEqual([signers[0]?.kid])
  })

  test('is created by the next request if its creation failed', async () => {
    const { keys, store } = instance()
    const create = vi.spyOn(store, 'create').mockRejectedValueOnce(new StoreUnavailable('down'))
    const [failed, made] = await Promise.allSettled([keys.signer(signal()), keys.signer(signal())])
    expect([failed.status, made.status]).toEqual(['rejected', 'fulfilled'])
    expect(create).toHaveBeenCalledTimes(2)
  })

  test('is used by later instances, and each of them reads it once', async () => {
    const first = instance()
    const { kid } = await first.keys.signer(signal())
    const later = instance(first.store, first.secrets)
    expect((await later.keys.signer(signal())).kid).toBe(kid)
    await first.store.remove((await first.store.list('signing-keys/', signal())).keys[0] ?? '', signal())
    expect((await later.keys.signer(signal())).kid).toBe(kid)
  })

  test('has no private member in the published set or in clear in the store [D-15 O-02]', async () => {
    const { keys, store, publicKeys } = instance()
    await keys.signer(signal())
    const [published] = (await publicKeys(signal())).keys
    expect(Object.keys(published ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    const [key = ''] = (await store.list('signing-keys/', signal())).keys
    const stored = JSON.stringify((await store.get(key, signal()))?.value)
    for (const member of ['"d"', '"p"', '"q"', '"dp"', '"dq"', '"qi"']) expect(stored).not.toContain(member)
  })

  test('that does not open is an error, and is never replaced', async () => {
    const { keys, store } = instance()
    const { kid } = await keys.signer(signal())
    const mistyped = instance(store, newSecrets())
    await expect(mistyped.keys.signer(signal())).rejects.toThrow(UnreadableSigningKey)
    await expect(mistyped.keys.signer(signal())).rejects.toThrow(UnreadableSigningKey)
    expect((await mistyped.publicKeys(signal())).keys.map((key) => key.kid)).toEqual([kid])
  })

  test('opens under a previous secret [O-09 B8-17]', async () => {
    const { keys, store, secrets } = instance()
    const { kid } = await keys.signer(signal())
    const rotated = instance(store, { ...newSecrets(), previous: [secrets.current] })
    expect((await rotated.keys.signer(signal())).kid).toBe(kid)
    const retired = instance(store, { ...newSecrets(), retired: [secrets.current] })
    await expect(retired.keys.signer(signal())).rejects.toThrow(UnreadableSigningKey)
  })

  test('of the operator needs no store, and publishes no private member', async () => {
    const pair = await generateKeyPair('RS256', { extractable: true })
    const { signingKeys, publicKeys } = pinnedSigningKey(await exportJWK(pair.privateKey))
    const { kid, privateKey } = await signingKeys.signer(signal())
    expect(signOnMainThread({ typ: 'at+jwt', kid }, {}, privateKey).split('.')).toHaveLength(3)
    const [published] = (await publicKeys(signal())).keys
    expect(Object.keys(published ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    expect(published?.kid).toBe(kid)
  })

  test('is named by its thumbprint (RFC 7638), in the store and from the operator', async () => {
    const { keys, stored } = instance()
    const { kid } = await keys.signer(signal())
    const [key] = (await stored(signal(), 'new'))?.keys ?? []
    if (!key) throw new Error('there is no key')
    expect(kid).toBe(await calculateJwkThumbprint(key.publicJwk))
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = await exportJWK(privateKey)
    expect((await pinnedSigningKey(jwk).signingKeys.signer(signal())).kid).toBe(await calculateJwkThumbprint(jwk))
  })

  test('is not created by a request for the published set', async () => {
    const { publicKeys, store } = instance()
    expect(await publicKeys(signal())).toEqual({ keys: [] })
    expect((await store.list('', signal())).keys).toEqual([])
  })
})

describe('the copy of an instance', () => {
  const replaceKey = async (first: ReturnType<typeof instance>) => {
    await first.store.remove(storeKeyOf(issuer), signal())
    return (await instance(first.store, first.secrets).keys.signer(signal())).kid
  }

  test('is refreshed in the background after five minutes, without delaying a request', async () => {
    const first = instance()
    const { kid } = await first.keys.signer(signal())
    const replacement = await replaceKey(first)
    clock += 5 * minute
    expect((await first.keys.signer(signal())).kid).toBe(kid)
    clock += 1
    expect((await first.keys.signer(signal())).kid).toBe(kid)
    await vi.waitFor(async () => expect((await first.keys.signer(signal())).kid).toBe(replacement))
  })

  test('neither signs nor is published after 15 minutes, as after a long sleep', async () => {
    const first = instance()
    const asleep = [first, instance(first.store, first.secrets)] as const
    for (const { keys } of asleep) await keys.signer(signal())
    const replacement = await replaceKey(first)
    clock += 15 * minute + 1
    expect((await asleep[0].keys.signer(signal())).kid).toBe(replacement)
    expect((await asleep[1].publicKeys(signal())).keys.map(({ kid }) => kid)).toEqual([replacement])
  })

  test('verifies at any age while the store is down', async () => {
    const { keys, store, publicKeys } = instance()
    const { kid } = await keys.signer(signal())
    vi.spyOn(store, 'get').mockRejectedValue(new StoreUnavailable('down'))
    clock += 1440 * minute
    expect((await publicKeys(signal(), { stale: true })).keys.map((key) => key.kid)).toEqual([kid])
    await expect(publicKeys(signal())).rejects.toThrow(StoreUnavailable)
    await expect(publicKeys(signal(), { fresh: true })).rejects.toThrow(StoreUnavailable)
  })

  test('causes at most one read in 30 seconds while the store is down', async () => {
    const { keys, store } = instance()
    await keys.signer(signal())
    const reads = vi.spyOn(store, 'get').mockRejectedValue(new StoreUnavailable('down'))
    clock += 10 * minute
    for (let second = 0; second < 60; second++) {
      await keys.signer(signal())
      clock += 1000
    }
    expect(reads).toHaveBeenCalledTimes(2)
  })

  test('ignores a read that began earlier and ended later', async () => {
    const first = instance()
    const { kid } = await first.keys.signer(signal())
    const old = await first.store.get(storeKeyOf(issuer), signal())
    const replacement = await replaceKey(first)
    const slow = Promise.withResolvers<typeof old>()
    vi.spyOn(first.store, 'get').mockReturnValueOnce(slow.promise)
    const reading = first.stored(signal(), 'new')
    await first.stored(signal(), 'new')
    slow.resolve(old)
    expect((await reading)?.keys.map((key) => key.kid)).not.toEqual([kid])
    expect((await first.keys.signer(signal())).kid).toBe(replacement)
  })
})
