import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../store/memory.ts'
import { newSecrets } from '../testing/harness.ts'
import { signRs256 } from './compact.ts'
import { createSealing } from './sealing.ts'
import {
  createPublicKeys,
  createSigningKeys,
  createStoredKeysReader,
  pinnedSigningKey,
  UnreadableSigningKey,
} from './signing-keys.ts'

const issuer = 'https://docs.example'
const now = Date.now
const signal = () => AbortSignal.timeout(5000)

function instance(store = createMemoryStore(), secrets = newSecrets()) {
  const logged: string[] = []
  const sealing = createSealing(issuer, secrets)
  const stored = createStoredKeysReader({ issuer, store, now })
  const keys = createSigningKeys({ issuer, store, stored, sealing, now, log: (event) => logged.push(event) })
  return { keys, store, secrets, logged, publicKeys: createPublicKeys(stored) }
}

describe('the signing key', () => {
  test('is one, however many instances start at the same moment [O-09]', async () => {
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

  test('is kept by later instances, and is read once by each', async () => {
    const first = instance()
    const { kid } = await first.keys.signer(signal())
    const later = instance(first.store, first.secrets)
    expect((await later.keys.signer(signal())).kid).toBe(kid)
    await first.store.remove((await first.store.list('signing-keys/', signal())).keys[0] ?? '', signal())
    expect((await later.keys.signer(signal())).kid).toBe(kid)
  })

  test('shows no private member in the published set, nor in the store [D-15 O-02]', async () => {
    const { keys, store, publicKeys } = instance()
    await keys.signer(signal())
    const [published] = (await publicKeys(signal())).keys
    expect(Object.keys(published ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    const [key = ''] = (await store.list('signing-keys/', signal())).keys
    const stored = JSON.stringify((await store.get(key, signal()))?.value)
    for (const member of ['"d"', '"p"', '"q"', '"dp"', '"dq"', '"qi"']) expect(stored).not.toContain(member)
  })

  test('that does not open is an error, and is never made anew', async () => {
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
    const { signingKeys, publicKeys } = await pinnedSigningKey(await exportJWK(pair.privateKey))
    const { kid, privateKey } = await signingKeys.signer(signal())
    expect(signRs256({ typ: 'at+jwt', kid }, {}, privateKey).split('.')).toHaveLength(3)
    const [published] = (await publicKeys(signal())).keys
    expect(Object.keys(published ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
    expect(published?.kid).toBe(kid)
  })

  test('is missing from the published set until there is one; asking creates none', async () => {
    const { publicKeys, store } = instance()
    expect(await publicKeys(signal())).toEqual({ keys: [] })
    expect((await store.list('', signal())).keys).toEqual([])
  })
})
