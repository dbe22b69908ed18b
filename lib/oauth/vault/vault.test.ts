import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { newGrantKey, subjectOf } from '../grants/record.ts'
import type { UpstreamAnswer } from './upstream.ts'
import { createVault, vaultKey } from './vault.ts'
import { createVaultSeal } from './vault-seal.ts'

// Refresh tokens of the provider: sealed, bound to their record, and renewed by one caller at a time (N12).

const issuer = 'https://docs.example'
const ends = Date.UTC(2027, 4, 1) / 1000
const grantOf = (person = 'ada') => newGrantKey(subjectOf('https://login.example/', person), ends)
const signal = new AbortController().signal
const never = () => false
const key = () => new Uint8Array(randomBytes(32))

/** A provider that replaces the refresh token at each use, and ends everything when an old one comes. */
function rotatingProvider() {
  const state = { current: 'token-0', issued: 0, asked: 0, atOnce: 0, most: 0, isGone: false, fault: undefined as undefined | ((answer: UpstreamAnswer) => UpstreamAnswer | Promise<UpstreamAnswer>) } // biome-ignore format: one line
  const refused = (): UpstreamAnswer => ({ kind: 'refused', reason: 'invalid_grant', doubtful: false })
  async function refresh({ refreshToken }: { readonly refreshToken: string }): Promise<UpstreamAnswer> {
    state.asked += 1
    state.atOnce += 1
    state.most = Math.max(state.most, state.atOnce)
    await new Promise(setImmediate)
    state.atOnce -= 1
    const { fault } = state
    state.fault = undefined
    if (state.isGone) return refused()
    if (refreshToken !== state.current) {
      state.isGone = true
      return refused()
    }
    state.issued += 1
    state.current = `token-${state.issued}`
    const tokens = { refreshToken: state.current, accessToken: `access-${state.issued}`, accessLifetime: 300 }
    const answer: UpstreamAnswer = { kind: 'tokens', tokens }
    return fault ? fault(answer) : answer
  }
  const revoked: string[] = []
  const ask = {
    refresh,
    revoke: async ({ refreshToken }: { readonly refreshToken: string }) => void revoked.push(refreshToken),
  }
  return { state, ask, revoked }
}

async function world({
  store = createMemoryStore(),
  keys = [key()] as [Uint8Array, ...Uint8Array[]],
  grant = grantOf(),
} = {}) {
  const clock = { now: Date.UTC(2026, 10, 21) }
  const log: string[] = []
  const provider = rotatingProvider()
  const vaultOn = (on: Store, ring = keys) =>
    createVault({
      store: on,
      seal: createVaultSeal(issuer, ring),
      ask: provider.ask,
      now: () => clock.now,
      log: recorded((event, fields) => log.push(`${event} ${JSON.stringify(fields)}`)),
    })
  const vault = vaultOn(store)
  await vault.keep(grant, 'ada', { refreshToken: 'token-0', accessToken: 'access-0', accessLifetime: 300 }, signal)
  return { clock, log, provider, vault, vaultOn, store, grant, keys }
}

/** A store that loses the answers of some writes, which have landed all the same. */
function losing(store: Store, isLost: () => boolean): Store {
  return {
    ...store,
    replace: async (...of) => {
      const result = await store.replace(...of)
      if (isLost()) throw new StoreUnavailable('the answer was lost')
      return result
    },
  }
}

describe('renewals at the same time', () => {
  test('of ten instances ask the provider once, and no one is logged out: 50 rounds [N12]', async () => {
    const { provider, vault, vaultOn, store, grant, clock } = await world()
    const vaults = [vault, ...Array.from({ length: 9 }, () => vaultOn(store))]
    for (let round = 1; round <= 50; round += 1) {
      clock.now += 86_400_000
      const since = Math.floor(clock.now / 1000)
      const found = await Promise.all(vaults.map((one) => one.renew(grant, ({ givenAt }) => givenAt >= since, signal)))
      expect(found.every(({ kind }) => kind === 'kept')).toBe(true)
      expect(new Set(found.map((one) => one.kind === 'kept' && one.kept.refreshToken))).toEqual(new Set([`token-${round}`])) // biome-ignore format: one line
      expect([provider.state.asked, provider.state.most, provider.state.isGone]).toEqual([round, 1, false])
    }
  }, 60_000)

  test('one whose answer was lost never ends anything: the token is lost, and the person stays [N12]', async () => {
    const { provider, vault, grant, log } = await world()
    provider.state.fault = () => ({ kind: 'failed', reason: 'late', doubtful: true })
    expect((await vault.renew(grant, never, signal)).kind).toBe('failed')
    // The provider has replaced the token, and takes the old one for a theft.
    expect(await vault.renew(grant, never, signal)).toMatchObject({ kind: 'lost', reason: 'invalid_grant' })
    expect(log.join()).toContain('vault_lost')
    const asked = provider.state.asked
    expect((await vault.renew(grant, never, signal)).kind).toBe('lost')
    expect(provider.state.asked).toBe(asked)
  })

  test('an instance that stopped in the middle leaves a lease, and its end is unclear [N12]', async () => {
    const { provider, vault, vaultOn, store, grant, clock } = await world()
    const stopped = vaultOn({ ...store, replace: async (k, value, version, s) => ('lease' in value ? store.replace(k, value, version, s) : { won: false, ambiguous: false }), get: async (k, s) => (provider.state.asked === 0 ? store.get(k, s) : null) }) // biome-ignore format: one line
    await stopped.renew(grant, never, signal)
    expect(provider.state.current).toBe('token-1')
    clock.now += 15_001
    expect((await vault.renew(grant, never, signal)).kind).toBe('lost')
  })

  test('a slow instance whose lease ran out still stores the token that it got, and the later one ends nothing [N12]', async () => {
    const { provider, vault, vaultOn, store, grant, clock } = await world()
    let release = () => {}
    provider.state.fault = (answer) => new Promise((resolve) => { release = () => resolve(answer) }) // biome-ignore format: one line
    const slow = vault.renew(grant, never, signal)
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.now += 15_001
    const later = await vaultOn(store).renew(grant, never, signal)
    expect(later.kind).toBe('lost')
    release()
    expect((await slow).kind).toBe('kept')
    expect(await vault.renew(grant, () => true, signal)).toMatchObject({ kept: { refreshToken: 'token-1' } })
  })

  test('a store that loses answers logs no one out: 100 rounds', async () => {
    let lost = 0
    const store = createMemoryStore()
    const { provider, vaultOn, grant, clock } = await world({ store })
    const flaky = vaultOn(losing(store, () => Math.random() < 0.2 && ++lost > 0))
    for (let round = 0; round < 100; round += 1) {
      // A lease whose write had no answer runs out.
      clock.now += 15_001
      const found = await flaky.renew(grant, never, signal).catch(() => ({ kind: 'unavailable' }))
      expect(found.kind).not.toBe('gone')
      if (provider.state.isGone) break
    }
    expect(lost).toBeGreaterThan(0)
  })
})

test('a person who is gone is gone only by a clear answer of the provider', async () => {
  const { provider, vault, grant } = await world()
  provider.state.fault = () => ({ kind: 'failed', reason: '503', doubtful: false })
  expect((await vault.renew(grant, never, signal)).kind).toBe('failed')
  provider.state.current = 'token-0'
  provider.state.isGone = true
  expect((await vault.renew(grant, never, signal)).kind).toBe('gone')
})

test('an answer about another person is never kept, and ends nothing', async () => {
  const { provider, vault, grant, log } = await world()
  provider.state.fault = () => ({ kind: 'foreign' })
  expect((await vault.renew(grant, never, signal)).kind).toBe('lost')
  expect(log.join()).toContain('vault_foreign_answer')
  expect(await vault.renew(grant, () => true, signal)).toMatchObject({ kept: { accessToken: 'access-0' } })
})

describe('a writer of the store without a key', () => {
  test('cannot put the token of another person into a record', async () => {
    const { vault, store, grant, provider } = await world()
    const eve = grantOf('eve')
    await vault.keep(eve, 'eve', { refreshToken: 'eves', accessToken: 'eves', accessLifetime: 300 }, signal)
    const stolen = await store.get(vaultKey(grant), signal)
    await store.put(vaultKey(eve), stolen?.value ?? {}, signal)
    expect((await vault.renew(eve, () => true, signal)).kind).toBe('lost')
    // Another grant of the same person is another record, too.
    const other = grantOf()
    await store.put(vaultKey(other), stolen?.value ?? {}, signal)
    expect((await vault.renew(other, () => true, signal)).kind).toBe('lost')
    expect(provider.state.asked).toBe(0)
  })

  test('finds no token in the record or in the log', async () => {
    const { vault, store, grant, log } = await world()
    await vault.renew(grant, never, signal)
    const stored = JSON.stringify(await store.get(vaultKey(grant), signal))
    expect(stored + log.join()).not.toMatch(/token-\d|access-\d|ada/)
  })

  test('gains nothing with an old record: the provider refuses it, or gives the same person’s token', async () => {
    const { vault, store, grant, provider } = await world()
    const old = await store.get(vaultKey(grant), signal)
    await vault.renew(grant, never, signal)
    await store.put(vaultKey(grant), old?.value ?? {}, signal)
    expect((await vault.renew(grant, never, signal)).kind).toBe('gone')
    expect(provider.state.isGone).toBe(true)
  })
})

test('keys rotate: the earlier key opens, the new one seals anew, and the log names a key that is gone [N12]', async () => {
  const first = key()
  const { vaultOn, store, grant, log, provider } = await world({ keys: [first] })
  const sealedBy = async () => String((await store.get(vaultKey(grant), signal))?.value.sealed).split('.')[0] ?? ''
  const [second, third] = [key(), key()]
  const before = await sealedBy()
  // Reading is enough: no provider has to answer.
  expect((await vaultOn(store, [second, first]).renew(grant, () => true, signal)).kind).toBe('kept')
  const after = await sealedBy()
  expect([after === before, provider.state.asked]).toEqual([false, 0])
  expect((await vaultOn(store, [second]).renew(grant, () => true, signal)).kind).toBe('kept')
  expect((await vaultOn(store, [third, second]).renew(grant, never, signal)).kind).toBe('kept')
  const asked = provider.state.asked
  for (const retired of [[first], [second]] as const) {
    expect(await vaultOn(store, [...retired]).renew(grant, () => true, signal)).toMatchObject({ kind: 'lost' })
  }
  expect(provider.state.asked).toBe(asked)
  expect(log.at(-1)).toBe(`vault_unreadable ${JSON.stringify({ grant: grant.slice(-22, -14), reason: 'no_such_key', key: await sealedBy() })}`) // biome-ignore format: one line
})

describe('the end of a grant', () => {
  test('during a renewal also revokes the token that the renewal got, and no one gets it [N12]', async () => {
    const { provider, vault, vaultOn, store, grant, log } = await world()
    const [asked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    provider.state.fault = async (answer) => {
      asked.resolve()
      await ended.promise
      return answer
    }
    const renewal = vault.renew(grant, never, signal)
    await asked.promise
    await vaultOn(store).end(grant, signal)
    ended.resolve()
    expect((await renewal).kind).toBe('absent')
    expect([provider.revoked, await store.get(vaultKey(grant), signal)]).toEqual([['token-0', 'token-1'], null])
    expect(log.join()).toContain('vault_ended_meanwhile')
  })

  test('is not concluded from one read that misses the record', async () => {
    const { provider, vaultOn, store, grant } = await world()
    let reads = 0
    const blind: Store = {
      ...store,
      get: (...of) => (provider.state.asked > 0 && ++reads === 1 ? Promise.resolve(null) : store.get(...of)),
      replace: async (...of) => {
        // The renewal loses its first write to another writer.
        if (provider.state.asked > 0 && reads === 0) return { won: false, ambiguous: false }
        return store.replace(...of)
      },
    }
    expect((await vaultOn(blind).renew(grant, never, signal)).kind).toBe('kept')
    expect(provider.revoked).toEqual([])
  })
})

test('the end revokes the token at the provider and removes the record; nothing is there to end twice', async () => {
  const { vault, store, grant, provider } = await world()
  await vault.end(grant, signal)
  await vault.end(grant, signal)
  expect([provider.revoked, await store.get(vaultKey(grant), signal)]).toEqual([['token-0'], null])
  expect((await vault.renew(grant, never, signal)).kind).toBe('absent')
})
