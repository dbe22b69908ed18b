import { describe, expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { createGrants } from './grants.ts'
import { type GrantRecord, newGrantKey, subjectOf } from './record.ts'
import { grantStatus } from './status.ts'

const { signal } = new AbortController()
const record: GrantRecord = {
  generation: 0,
  createdAt: 1000,
  rotatedAt: 1000,
  expiresAt: 5000,
  endsAt: 9000,
  clientHash: 'c',
  authenticationMethod: 'none',
  kid: 'k',
}
const newKey = () => newGrantKey(subjectOf('https://id.example', 'ada'), 1_800_000_000)

/** Makes a store that records the keys it is asked for. */
function createWatched() {
  const asked: string[] = []
  const inner = createMemoryStore()
  const store: Store = {
    ...inner,
    get: (key, signal) => {
      asked.push(key)
      return inner.get(key, signal)
    },
  }
  return { store, asked }
}

describe('the status of a grant', () => {
  test('is live, then ended for good, and absent without a record', async () => {
    const { store, asked } = createWatched()
    const grants = createGrants({ store, now: () => 1_010_000, grace: 60, log: recorded(() => {}) })
    const key = newKey()
    expect(await grantStatus(store, key, signal)).toBe('absent')
    await grants.redeem(key, record, signal)
    expect(await grantStatus(store, key, signal)).toBe('live')
    await grants.revoke(key, 'test', signal)
    expect(await grantStatus(store, key, signal)).toBe('ended')
    expect(asked).toContain(key)
  })

  test('is an error for a damaged record', async () => {
    const { store } = createWatched()
    const key = newKey()
    await store.put(key, { generation: 'first' }, signal)
    await expect(grantStatus(store, key, signal)).rejects.toThrow(StoreUnavailable)
  })

  const key = `grants/202711/${subjectOf('https://id.example', 'ada')}/${'x'.repeat(22)}`
  test.each([
    '',
    'grants',
    'grants/',
    'users/u_ada',
    'signing-keys/current',
    `users/${key}`,
    `x${key}`,
    ` ${key}`,
    `${key} `,
    `${key}\n`,
    `${key}/`,
    `${key}/x`,
    `${key}x`,
    key.slice(0, -1),
    key.slice('grants/'.length),
    key.replace('grants', 'Grants'),
    key.replace(/\d{6}/, '20271'),
    key.replace(/\d{6}/, '2027110'),
    key.replace(/\d{6}/, '2027-1'),
    key.replace('/u_', '/c_'),
    key.replace('/u_', '/u'),
    key.replace('/u_', '/../'),
    key.replace(/\/u_../, '/u_'),
    key.replace(/\/u_../, '/u_.?'),
    'grants/202711/user-1/grant-1',
    '../grants/202711',
  ])('is ended for %j, which is not the key of a grant, without a store operation', async (other) => {
    const { store, asked } = createWatched()
    expect(await grantStatus(store, other, signal)).toBe('ended')
    expect(asked).toEqual([])
  })
})
