import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createHarness,
  newPkce,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { signOnMainThread } from '../keys/compact.ts'

/** Ending a grant wins against concurrent refreshes, however slow the store is. The tests simulate time, so nothing waits. */

/** A store whose operations take effect halfway. `latency` is the duration of the next operation in milliseconds. */
function slowStore(latency: () => number): Store {
  const inner = createMemoryStore()
  const slowly = async <T>(operation: () => Promise<T>): Promise<T> => {
    const half = latency() / 2
    if (half > 0) await wait(half)
    const result = await operation()
    if (half > 0) await wait(half)
    return result
  }
  return {
    get: (...args) => slowly(() => inner.get(...args)),
    create: (...args) => slowly(() => inner.create(...args)),
    replace: (...args) => slowly(() => inner.replace(...args)),
    put: (...args) => slowly(() => inner.put(...args)),
    remove: (...args) => slowly(() => inner.remove(...args)),
    list: (...args) => slowly(() => inner.list(...args)),
  }
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A session that is refreshed without a pause, in several places at nearly the same time. */
async function restless(latency: number, places: number) {
  let current = 0
  // A signature in the thread pool takes real time, which the simulated time does not wait for.
  const server = createHarness({ store: slowStore(() => current), chooseSigning: () => signOnMainThread })
  Object.defineProperty(server, 'clock', { get: () => Date.now() })
  const clientId = await register(server)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
  const form = { client_id: clientId, grant_type: 'authorization_code', code, code_verifier: pkce.verifier }
  const { body } = await token(server, form)
  current = latency
  const first = body.refresh_token ?? ''
  const state = { shown: first, refreshed: 0, tokens: [first], refused: '' }
  const refresh = (refresh_token: string) =>
    token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token })
  async function refreshWithoutPause(): Promise<void> {
    while (state.refused === '') {
      const answers = await Promise.all(
        Array.from({ length: places }, async (_, place) => {
          await wait((place * latency) / places / 2)
          return refresh(state.shown)
        }),
      )
      const refused = answers.find(({ status }) => status !== 200)
      state.refused = refused?.body.error ?? ''
      state.refreshed += places
      state.shown = answers[0]?.body.refresh_token ?? state.shown
      if (!state.tokens.includes(state.shown)) state.tokens.push(state.shown)
    }
  }
  const revoke = (shown: string) =>
    server.fetch('/oauth/revoke', { method: 'POST', body: new URLSearchParams({ client_id: clientId, token: shown }) })
  const until = async (condition: () => boolean) => {
    for (let step = 0; step < 4000 && !condition(); step++) await vi.advanceTimersToNextTimerAsync()
    expect(condition()).toBe(true)
  }
  return { server, state, loop: refreshWithoutPause(), refresh, revoke, until, first }
}

const latencies = [25, 50, 100, 200]
/** The start of the end of the grant, relative to the refreshes, in hundredths of the latency. */
const phases = [0, 35, 70]

describe.each(latencies)('with %s ms for each operation of the store', (latency) => {
  test.each([1, 3])(
    'a client that refreshes without a pause in %s places cannot keep its grant from being revoked [T-26 T-21]',
    async (places) => {
      for (const phase of phases) {
        const { server, state, loop, revoke, until } = await restless(latency, places)
        await until(() => state.refreshed > 5 * places)
        await vi.advanceTimersByTimeAsync((latency * phase) / 100)
        const began = Date.now()
        let status = 0
        const revoking = revoke(state.shown).then((answer) => {
          status = answer.status
        })
        await until(() => status !== 0)
        await revoking
        expect(status).toBe(200)
        // Every request has 8 seconds.
        expect(Date.now() - began).toBeLessThan(8000)
        await until(() => state.refused !== '')
        await loop
        expect(state.refused).toBe('invalid_grant')
        expect(server.log.filter(({ event }) => event === 'grant_revoked')).toHaveLength(1)
      }
    },
  )

  test('refreshes do not stop the reuse of an old token from ending the grant', async () => {
    for (const phase of phases) {
      const { server, state, loop, refresh, until, first } = await restless(latency, 1)
      await until(() => state.tokens.length > 3)
      await vi.advanceTimersByTimeAsync((latency * phase) / 100)
      let answer: Awaited<ReturnType<typeof refresh>> | undefined
      const reusing = refresh(first).then((given) => {
        answer = given
      })
      await until(() => answer !== undefined)
      await reusing
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      await until(() => state.refused !== '')
      await loop
      expect(server.log.map(({ event }) => event)).toContain('refresh_reused')
    }
  })
})

describe('a grant that pauses its rotation', () => {
  const session = async () => {
    const server = createHarness()
    const clientId = await register(server)
    const pkce = newPkce()
    const code = (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
    const form = { client_id: clientId, grant_type: 'authorization_code', code, code_verifier: pkce.verifier }
    const first = await token(server, form)
    const refresh = async (refresh_token: string, more = {}) => {
      const { status, body } = await token(server, {
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token,
        ...more,
      })
      return { status, refreshToken: body.refresh_token ?? '', accessToken: body.access_token ?? '', error: body.error }
    }
    return { server, first: first.body.refresh_token ?? '', refresh }
  }

  test('has rotated three times in a row, each time within two seconds, and keeps its token until that is two seconds old [N1]', async () => {
    const { server, first, refresh } = await session()
    const tokens = [first]
    for (let rotation = 0; rotation < 3; rotation++) {
      server.clock += 1999
      tokens.push((await refresh(tokens.at(-1) ?? '')).refreshToken)
    }
    expect(new Set(tokens).size).toBe(4)
    const last = tokens[3] ?? ''
    const kept = [await refresh(last), await refresh(last)]
    server.clock += 1999
    kept.push(await refresh(last))
    expect(kept.map(({ refreshToken }) => refreshToken)).toEqual([last, last, last])
    expect(new Set(kept.map(({ accessToken }) => accessToken)).size).toBe(3)
    server.clock += 1
    const next = await refresh(last)
    expect(next.refreshToken).not.toBe(last)
    // The pause was long enough, so counting starts again.
    expect((await refresh(next.refreshToken)).refreshToken).not.toBe(next.refreshToken)
    expect(server.log.filter(({ event }) => event === 'refresh_rested')).toHaveLength(3)
  })

  test.each([
    ['one pause of two seconds among them', [0, 2000, 0, 0]],
    ['a pause before the last one', [0, 0, 2000]],
    ['a pause of an hour before the first one, as after a code', [3_600_000, 0, 0]],
  ])('not with %s', async (_what, pauses) => {
    const { server, first, refresh } = await session()
    let shown = first
    for (const pause of [...pauses, 0]) {
      server.clock += pause
      const { refreshToken } = await refresh(shown)
      expect(refreshToken).not.toBe(shown)
      shown = refreshToken
    }
  })

  test('still treats an older token as reuse, and the predecessor as a repetition', async () => {
    const { server, first, refresh } = await session()
    const tokens = [first]
    for (let rotation = 0; rotation < 3; rotation++) tokens.push((await refresh(tokens.at(-1) ?? '')).refreshToken)
    const [, old = '', predecessor = '', last = ''] = tokens
    expect(await refresh(last)).toMatchObject({ refreshToken: last })
    expect(await refresh(predecessor)).toMatchObject({ refreshToken: last })
    expect(await refresh(old)).toMatchObject({ error: 'invalid_grant' })
    expect(await refresh(last)).toMatchObject({ error: 'invalid_grant' })
    expect(server.log.map(({ event }) => event)).toContain('refresh_reused')
  })

  test('gives no token after its end, even for a token that is a moment old [N1]', async () => {
    const { server, first, refresh } = await session()
    let shown = first
    for (let rotation = 0; rotation < 3; rotation++) shown = (await refresh(shown)).refreshToken
    const { signal } = new AbortController()
    const [key = ''] = (await server.store.list('grants/', signal)).keys
    const held = await server.store.get(key, signal)
    await server.store.replace(key, { ...held?.value, revokedAt: 1 }, held?.version ?? '', signal)
    expect(await refresh(shown)).toMatchObject({ error: 'invalid_grant' })
  })

  test('answers fifty concurrent refreshes, again and again, without an error and with at most four tokens', async () => {
    const { first, refresh } = await session()
    let shown = first
    const seen = new Set<string>()
    for (let round = 0; round < 6; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(shown)))
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
      const successors = new Set(answers.map(({ refreshToken }) => refreshToken))
      expect(successors.size).toBe(1)
      ;[shown = ''] = successors
      seen.add(shown)
    }
    expect(seen.size).toBe(3)
  })
})
