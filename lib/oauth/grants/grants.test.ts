import { describe, expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable, type WriteResult } from '../../store/store.ts'
import { decideRefresh } from './decision.ts'
import { createGrants } from './grants.ts'
import { type GrantRecord, newGrantKey, subjectOf, subjectOfGrant } from './record.ts'

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

/** The members of a refresh token whose generation began long ago. */
const shown = (version: string) => ({ version, rotatedAt: 0 })

describe('the decision about a lost refresh', () => {
  const at = (generation: number, now: number, more: Partial<GrantRecord> = {}) =>
    decideRefresh({ ...record, generation, rotatedAt: 1000, ...more }, 3, { now: now * 1000, grace: 60 })

  test.each([
    ['the same generation', at(3, 1000), 'rotate'],
    ['an earlier one: the store was restored', at(1, 1000), 'rotate'],
    ['the next, within the window', at(4, 1060), 'repeat'],
    ['the next, after the window', at(4, 1060.001), 'reuse'],
    ['within the window, to the millisecond', at(4, 1060.4, { rotatedAtMilliseconds: 1_000_400 }), 'repeat'],
    ['after the window, to the millisecond', at(4, 1060.401, { rotatedAtMilliseconds: 1_000_400 }), 'reuse'],
    ['rotated by a clock that is ahead', at(4, 999, { rotatedAtMilliseconds: 1_000_400 }), 'repeat'],
    ['two on', at(5, 1000), 'reuse'],
    ['a tombstone', at(4, 1000, { revokedAt: 1000 }), 'revoked'],
  ])('%s', (_what, decision, expected) => expect(decision).toBe(expected))
})

test.each([0, 1, 60, 600])('a grace window of %s seconds has exactly that length [T-21]', (grace) => {
  const used = { ...record, generation: 1, rotatedAt: 1000, rotatedAtMilliseconds: 1_000_777 }
  const after = (milliseconds: number) => decideRefresh(used, 0, { now: 1_000_777 + milliseconds, grace })
  expect(after(grace * 1000)).toBe(grace === 0 ? 'reuse' : 'repeat')
  expect(after(grace * 1000 + 1)).toBe('reuse')
  expect(after(-5)).toBe(grace === 0 ? 'reuse' : 'repeat')
})

function setup(wrap: (store: Store) => Partial<Store> = () => ({}), grace = 60) {
  const inner = createMemoryStore()
  const store: Store = { ...inner, ...wrap(inner) }
  const operations: string[] = []
  const counted = new Proxy(store, {
    get: (target, name: keyof Store) => {
      const operation = target[name]
      return (...args: never[]) => {
        operations.push(String(args[0]).startsWith('ended/') ? 'fence' : name)
        return Reflect.apply(operation, target, args)
      }
    },
  })
  const log: string[] = []
  const fields: unknown[] = []
  const grants = createGrants({
    store: counted,
    now: () => 1_010_000,
    grace,
    log: recorded((event, more) => {
      log.push(event)
      fields.push(more)
    }),
  })
  return { inner, grants, operations, log, fields, key: newGrantKey('u_x', 9000), signal: AbortSignal.timeout(60_000) }
}

describe('grants', () => {
  test('redeem and rotate take one write each, redeem with a read of the fence at the same time [T-14]', async () => {
    const { grants, operations, key, signal } = setup()
    const first = await grants.redeem(key, record, signal)
    if ('refused' in first) throw new Error('refused')
    await grants.rotate(key, { ...record, generation: 1 }, shown(first.version), signal)
    expect(operations).toEqual(['create', 'fence', 'replace'])
  })

  test('a refused replay of a code or of an old refresh token takes three operations, one after the other', async () => {
    const { grants, operations, key, signal } = setup()
    const first = await grants.redeem(key, record, signal)
    if ('refused' in first) throw new Error('refused')
    operations.length = 0
    expect(await grants.redeem(key, record, signal)).toEqual({ refused: 'used' })
    expect(operations).toEqual(['create', 'fence', 'get', 'replace'])

    const other = newGrantKey('u_x', 9000)
    const begun = await grants.redeem(other, record, signal)
    if ('refused' in begun) throw new Error('refused')
    const next = await grants.rotate(other, { ...record, generation: 1 }, shown(begun.version), signal)
    if ('refused' in next) throw new Error('refused')
    await grants.rotate(other, { ...record, generation: 2 }, shown(next.version), signal)
    operations.length = 0
    expect(await grants.rotate(other, { ...record, generation: 1 }, shown(begun.version), signal)).toEqual({
      refused: 'reuse',
    })
    expect(operations).toEqual(['replace', 'get', 'replace'])
  })

  test.each([
    ['the generation of its last refresh', 0],
    ['a much older generation', 2],
  ])(
    'a client that authenticates more weakly than the grant requires, with %s, gets nothing and ends nothing [T-10]',
    async (_which, later) => {
      const { grants, inner, log, key, signal } = setup()
      const proven = { ...record, authenticationMethod: 'private_key_jwt' as const }
      await inner.put(key, { ...proven, generation: later }, signal)
      const rotated = await grants.rotate(key, { ...record, generation: 1 }, shown('another'), signal)
      expect(rotated).toEqual({ refused: 'unproven' })
      expect((await inner.get(key, signal))?.value).toEqual({ ...proven, generation: later })
      expect(log).toEqual([])
    },
  )

  describe('a grant that pauses its rotation', () => {
    test.each<[string, Partial<GrantRecord>, grace: number, generation: number]>([
      ['repeats its current token', {}, 60, 0],
      [
        'rotates for a client that authenticates more strongly than before',
        { authenticationMethod: 'private_key_jwt' },
        60,
        1,
      ],
      ['rotates for a new secret', { kid: 'k2' }, 60, 1],
      ['rotates if there is no grace window', {}, 0, 1],
    ])('%s [T-10 T-21 O-06]', async (_what, more, grace, generation) => {
      const { grants, inner, key, signal } = setup(() => ({}), grace)
      const first = await grants.redeem(key, record, signal)
      if ('refused' in first) throw new Error('refused')
      const last = { version: first.version, rotatedAt: 1010, quickRotations: 3 }
      await grants.rotate(key, { ...record, ...more, generation: 1 }, last, signal)
      expect((await inner.get(key, signal))?.value).toEqual({ ...record, ...more, generation })
    })
  })

  test.each<[string, Partial<GrantRecord>, elsewhere: object]>([
    ['from the same address', { rotatedFrom: 'here' }, {}],
    ['from another address', { rotatedFrom: 'there' }, { elsewhere: true }],
    ['under another secret, so that the addresses cannot be compared', { rotatedFrom: 'there', kid: 'k2' }, {}],
    ['without a known address', {}, {}],
  ])('an answer that is repeated %s [O-12]', async (_where, more, elsewhere) => {
    const { grants, inner, fields, key, signal } = setup()
    await inner.put(key, { ...record, generation: 1, rotatedAt: 1010, rotatedFrom: 'here' }, signal)
    await grants.rotate(key, { ...record, ...more, generation: 1 }, shown('another'), signal)
    expect(fields).toEqual([{ grant: expect.any(String), generation: 1, ...elsewhere }])
  })

  describe('a second code for one grant, from a repeated confirmation', () => {
    test.each([
      ['the same code', { codeHash: 'one' }, 'used', 1010, ['code_redeemed', 'code_reused', 'grant_revoked']],
      ['another code', { codeHash: 'two' }, 'other-code', undefined, ['code_redeemed', 'code_superseded']],
      ['a code of a release without ids', {}, 'other-code', undefined, ['code_redeemed', 'code_superseded']],
    ])('%s', async (_what, more, refused, revokedAt, events) => {
      const { grants, operations, inner, log, key, signal } = setup()
      await grants.redeem(key, { ...record, codeHash: 'one' }, signal)
      operations.length = 0
      expect(await grants.redeem(key, { ...record, ...more }, signal)).toEqual({ refused })
      expect(operations.filter((operation) => operation !== 'fence').length).toBeLessThanOrEqual(3)
      expect((await inner.get(key, signal))?.value.revokedAt).toBe(revokedAt)
      expect(log).toEqual(events)
    })

    test('two codes of a release without ids cannot be distinguished, so the grant ends', async () => {
      const { grants, inner, key, signal } = setup()
      await grants.redeem(key, record, signal)
      expect(await grants.redeem(key, record, signal)).toEqual({ refused: 'used' })
      expect((await inner.get(key, signal))?.value.revokedAt).toBe(1010)
    })
  })

  test('a tombstone keeps the members of a later release', async () => {
    const { grants, inner, key, signal } = setup()
    await inner.put(key, { ...record, codeHash: 'one', later: { member: 1 } }, signal)
    await grants.revoke(key, 'test', signal)
    expect((await inner.get(key, signal))?.value).toMatchObject({
      codeHash: 'one',
      later: { member: 1 },
      revokedAt: 1010,
    })
  })

  test('a refresh that finds another version of its generation keeps its members', async () => {
    const { grants, inner, key, signal } = setup()
    const first = await grants.redeem(key, record, signal)
    if ('refused' in first) throw new Error('refused')
    await inner.put(key, { ...record, later: { member: 1 }, quickRotations: 2 }, signal)
    const next = { ...record, generation: 1, quickRotations: 0 }
    const rotated = await grants.rotate(key, next, shown(first.version), signal)
    const expected = { generation: 1, later: { member: 1 }, quickRotations: 0 }
    expect(rotated).toMatchObject({ record: expected })
    expect((await inner.get(key, signal))?.value).toMatchObject(expected)
  })

  test('a write lost to a new version of the same generation is repeated, and is no reuse [T-21]', async () => {
    const { grants, inner, key, signal } = setup()
    const first = await grants.redeem(key, record, signal)
    if ('refused' in first) throw new Error('refused')
    await inner.put(key, { ...record }, signal)
    expect(await grants.rotate(key, { ...record, generation: 1 }, shown(first.version), signal)).toMatchObject({
      record: { generation: 1 },
    })
  })

  test('a loss after an unclear attempt ends no grant [T-21 T-13]', async () => {
    const lost: WriteResult = { won: false, ambiguous: true }
    const redeeming = setup(() => ({ create: async () => lost }))
    await expect(redeeming.grants.redeem(redeeming.key, record, redeeming.signal)).rejects.toThrow(StoreUnavailable)
    expect(redeeming.operations).toEqual(['create', 'fence'])

    const rotating = setup(() => ({ replace: async () => lost }))
    await rotating.inner.put(rotating.key, { ...record, generation: 7 }, rotating.signal)
    const rotation = rotating.grants.rotate(rotating.key, { ...record, generation: 1 }, shown('v'), rotating.signal)
    await expect(rotation).rejects.toThrow(StoreUnavailable)
    expect((await rotating.inner.get(rotating.key, rotating.signal))?.value.revokedAt).toBeUndefined()
    expect(rotating.log).toEqual([])
  })

  test('a loss after an unclear attempt may still be answered from the grace window', async () => {
    const { grants, inner, key, signal } = setup(() => ({ replace: async () => ({ won: false, ambiguous: true }) }))
    await inner.put(key, { ...record, generation: 1 }, signal)
    expect(await grants.rotate(key, { ...record, generation: 1 }, shown('v'), signal)).toMatchObject({
      record: { generation: 1 },
    })
  })

  test('reuse is refused as reuse only after the tombstone is written [T-21]', async () => {
    const { grants, key, signal } = setup(() => ({ replace: async () => ({ won: false, ambiguous: false }) }))
    await grants.redeem(key, record, signal)
    await expect(grants.redeem(key, record, AbortSignal.timeout(300))).rejects.toThrow(StoreUnavailable)
  })

  test('a tombstone that keeps losing is retried until the deadline [O-06 N1]', async () => {
    let losses = 30
    const { grants, inner, key, signal } = setup((store) => ({
      replace: async (...write) => (losses-- > 0 ? { won: false, ambiguous: false } : store.replace(...write)),
    }))
    await inner.put(key, record, signal)
    await grants.revoke(key, 'test', signal)
    expect((await inner.get(key, signal))?.value.revokedAt).toBe(1010)
  })

  test('a tombstone wins against any number of rotations [O-06 N1]', async () => {
    for (let round = 0; round < 50; round++) {
      const { grants, key, inner, signal } = setup()
      const first = await grants.redeem(key, record, signal)
      if ('refused' in first) throw new Error('refused')
      const rotations = Array.from({ length: 8 }, () =>
        grants.rotate(key, { ...record, generation: 1 }, shown(first.version), signal),
      )
      await Promise.allSettled([...rotations, grants.revoke(key, 'test', signal), ...rotations])
      expect((await inner.get(key, signal))?.value.revokedAt).toBe(1010)
      expect(await grants.rotate(key, { ...record, generation: 2 }, shown('v'), signal)).toEqual({ refused: 'revoked' })
    }
  })
})

test('the key of a grant contains its user', () => {
  const sub = subjectOf('https://login.example/', 'auth0|1')
  const key = newGrantKey(sub, Date.UTC(2027, 4, 20) / 1000)
  expect(key).toMatch(/^grants\/202705\/u_[A-Za-z0-9_-]{43}\/[A-Za-z0-9_-]{22}$/)
  expect(subjectOfGrant(key)).toBe(sub)
})
