import { describe, expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import type { LogFields } from '../../base/log.ts'
import { createInstanceLimit } from '../../limits/instance-limit.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { createAttempts } from './attempts.ts'
import { createAttemptRecorder } from './recorder.ts'

const code = '261130-K7QM-4XPD'
const hour = 3_600_000
const never = new AbortController().signal
const address = '192.0.2.1'

function recording(store: Store = createMemoryStore()) {
  const log: (LogFields & { readonly event: string })[] = []
  const clock = { now: Date.UTC(2026, 10, 30, 10) }
  const now = () => clock.now
  const limit = (limit: number) => createInstanceLimit({ limit, windowSeconds: 3600, exempt: [], now })
  const instance = () =>
    createAttemptRecorder({
      ...{ store, now, keptDays: 30 },
      log: recorded((event, fields) => log.push({ event, ...fields })),
      limits: { strangers: limit(3), approved: limit(5) },
    })
  const keys = async () => (await store.list('', never)).keys
  const attempts = createAttempts({ store, now, patience: { consent: 600, signIn: 600, confirmation: 300, code: 60 } })
  return { clock, instance, keys, log, attempts }
}

const ok = (step: string, more: object = {}) => ({
  attempt: code,
  step,
  outcome: 'ok' as const,
  clientHash: 'c',
  ...more,
})

describe('the steps of an attempt', () => {
  test('are small records under its day and code, which name no user and no address', async () => {
    const { instance, keys, attempts } = recording()
    await instance().record(ok('token', { sub: 'u_somebody', person: { email: 'a@b.example' } }), address)
    expect(await keys()).toEqual([`attempts/20261130/${code}/${Date.UTC(2026, 10, 30, 10)}.token.ok`])
    expect(JSON.stringify(await attempts.readAttempt(code, never))).not.toMatch(/u_somebody|b\.example|192\.0/)
  })

  test('without an approval count against their address, and those with a user do not', async () => {
    const { instance, keys, clock } = recording()
    const { record } = instance()
    for (let i = 0; i < 10; i++) {
      clock.now += 1
      await record({ attempt: `261130-K7QM-4XP${'23456789CD'[i]}`, step: 'request', outcome: 'refused' }, address)
      await record({ ...ok('approved'), attempt: `261130-K7QC-4XP${'23456789CD'[i]}` }, address)
      await record({ ...ok('code', { sub: 'u_1' }), attempt: `261130-K7QD-4XP${'23456789CD'[i]}` }, address)
    }
    const written = await keys()
    expect(written.filter((key) => key.includes('request'))).toHaveLength(3)
    expect(written.filter((key) => key.includes('approved'))).toHaveLength(5)
    expect(written.filter((key) => key.includes('code'))).toHaveLength(10)
  })

  test('are bounded for each attempt, however often a client repeats a refused request', async () => {
    const { instance, keys, clock } = recording()
    const { record } = instance()
    for (let i = 0; i < 500; i++) {
      clock.now += 1
      await record({ ...ok('token', { sub: 'u_1' }), outcome: 'refused' }, address)
    }
    expect((await keys()).length).toBeLessThanOrEqual(60)
  })

  test('that a client repeats for months are one a day, and one an hour where they fail', async () => {
    const { instance, keys, clock } = recording()
    for (let i = 0; i < 48; i++) {
      // A new instance each time: nothing is remembered.
      await instance().record(ok('refresh', { sub: 'u_1' }), address)
      await instance().record({ ...ok('refresh', { sub: 'u_1' }), outcome: 'refused' }, address)
      await instance().record({ ...ok('call', { sub: 'u_1', reason: 'scope' }), outcome: 'refused' }, address)
      clock.now += hour / 2
    }
    const written = await keys()
    expect(written.filter((key) => key.endsWith('refresh.ok'))).toHaveLength(2)
    expect(written.filter((key) => key.endsWith('refresh.refused'))).toHaveLength(24)
    expect(written.filter((key) => key.endsWith('call-scope.refused'))).toHaveLength(2)
  })

  test('keep the time of the first call, however many instances see one', async () => {
    const { instance, keys, clock, attempts } = recording()
    await instance().record(ok('first-call', { sub: 'u_1' }), address)
    const first = clock.now
    clock.now += hour
    await Promise.all(Array.from({ length: 20 }, () => instance().record(ok('first-call', { sub: 'u_1' }), address)))
    expect(await keys()).toEqual([`attempts/20261130/${code}/first-call`])
    expect((await attempts.readAttempt(code, never))?.steps).toMatchObject([{ step: 'first-call', at: first }])
  })

  test('of an attempt that is no longer kept are not written', async () => {
    const { instance, keys, clock } = recording()
    clock.now += 31 * 24 * hour
    await instance().record(ok('refresh', { sub: 'u_1' }), address)
    expect(await keys()).toEqual([])
  })

  test('that the store does not take are logged, and are written the next time', async () => {
    const store = createMemoryStore()
    let down = true
    const failing: Store = {
      ...store,
      put: async (...args) => {
        if (down) throw new StoreUnavailable('down')
        return store.put(...args)
      },
    }
    const { instance, keys, log } = recording(failing)
    const { record } = instance()
    await record(ok('token', { sub: 'u_1' }), address)
    expect(log).toEqual([{ event: 'attempt_step_lost', attempt: code, step: 'token', outcome: 'ok', reason: 'down' }])
    down = false
    await record(ok('token', { sub: 'u_1' }), address)
    expect(await keys()).toHaveLength(1)
  })

  test('are read by a code in any spelling, and nothing is read for a text that is no code', async () => {
    const { instance, attempts } = recording()
    await instance().record(ok('token', { sub: 'u_1' }), address)
    expect((await attempts.readAttempt('261130 k7qm 4xpd', never))?.code).toBe(code)
    expect(await attempts.readAttempt('../grants', never)).toBeNull()
    expect(await attempts.readAttempt('261130-K7QM-4XPC', never)).toBeNull()
  })
})
