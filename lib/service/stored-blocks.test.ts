import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createStoredBlocks } from '../account/admin/blocks.ts'
import type { Call } from '../base/call.ts'
import { storedBlocksKey } from '../oauth/clients/stored-blocks.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { createStoredBlockGuard } from './stored-blocks.ts'

const signal = new AbortController().signal
const hash = 'A'.repeat(43)
const call: Call = { signal, requestId: 'r', waitUntil: () => undefined }

let now: number
let store: Store
/** Reads of the list, and when each may be answered. */
let reads: number
let mayRead: Promise<void>
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  now = 1_800_000_000_000
  store = createMemoryStore()
  reads = 0
  mayRead = Promise.resolve()
})

/** An instance whose server redeems a code or refuses a blocked client, and says how often it has redeemed. */
function instance() {
  const { blocked, guard } = createStoredBlockGuard(
    {
      async get(key, inTime) {
        reads += 1
        await mayRead
        return store.get(key, inTime)
      },
    },
    () => now,
  )
  const redeemed: string[] = []
  const server = guard({
    async fetch(request) {
      const body = await request.text()
      if (blocked.blocks({ hash, hosts: ['app.example'] })) return new Response('blocked', { status: 401 })
      redeemed.push(body)
      return new Response('tokens')
    },
  })
  const ask = async (path: string) => {
    const method = path === '/oauth/token' ? { method: 'POST', body: 'a code' } : {}
    return (await server.fetch(new Request(`https://docs.example${path}`, method), call)).text()
  }
  return { redeemed, ask }
}

const blocks = () => createStoredBlocks(store, () => now)
/** Lets background work that waits for nothing finish. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('a client that an admin blocks', () => {
  test.each([hash, 'app.example'])('by %s gets no token from an instance that was idle, or is new', async (entry) => {
    const [idle, fresh] = [instance(), instance()]
    expect(await idle.ask('/oauth/token')).toBe('tokens')
    await blocks().add({ entry }, signal)
    now += 45_000
    expect(await idle.ask('/oauth/token')).toBe('blocked')
    expect(await fresh.ask('/oauth/token')).toBe('blocked')
  })

  test('gets none either if its code is redeemed before the list has been read', async () => {
    await blocks().add({ entry: hash }, signal)
    let read = () => {}
    mayRead = new Promise((resolve) => {
      read = () => resolve()
    })
    const fresh = instance()
    const answer = fresh.ask('/oauth/token')
    await vi.waitFor(() => expect(fresh.redeemed).toEqual(['a code']))
    read()
    expect(await answer).toBe('blocked')
    expect(fresh.redeemed).toEqual(['a code'])
  })

  test('gets none from a busy instance within a minute, and no answer waits for the list', async () => {
    const busy = instance()
    await busy.ask('/oauth/token')
    await blocks().add({ entry: hash }, signal)
    const answers: string[] = []
    for (let second = 0; second < 60; second += 5) {
      now += 5_000
      answers.push(await busy.ask('/oauth/token'))
      await settle()
    }
    expect(answers.lastIndexOf('tokens')).toBeLessThan(5)
    expect(answers.slice(5)).toEqual(Array(7).fill('blocked'))
    expect(reads).toBeLessThanOrEqual(4)
    // The list is old enough to be read again, and not so old that the answer waits for it.
    await blocks().remove(hash, signal)
    mayRead = new Promise(() => undefined)
    now += 30_000
    expect(await busy.ask('/oauth/token')).toBe('blocked')
  })

  test('is unblocked on every instance within a minute', async () => {
    await blocks().add({ entry: hash }, signal)
    const idle = instance()
    expect(await idle.ask('/oauth/token')).toBe('blocked')
    expect(await blocks().remove(hash, signal)).toBe(true)
    now += 20_000
    await idle.ask('/oauth/authorize')
    await settle()
    expect(await idle.ask('/oauth/token')).toBe('tokens')
  })

  test('may still see a page of an idle instance, which reads the list meanwhile', async () => {
    await blocks().add({ entry: hash }, signal)
    const idle = instance()
    expect(await idle.ask('/oauth/authorize')).toBe('tokens')
    await settle()
    expect(await idle.ask('/oauth/approve')).toBe('blocked')
  })

  test('is blocked by what this release understands of a list that another release has written', async () => {
    await store.put(storedBlocksKey, { entries: { 'no host!': {}, [hash]: { at: 1, by: 'x' } }, later: 1 }, signal)
    expect(await instance().ask('/oauth/token')).toBe('blocked')
    await blocks().add({ entry: 'evil.example', note: 'phishing' }, signal)
    expect((await store.get(storedBlocksKey, signal))?.value).toEqual({
      entries: { 'no host!': {}, [hash]: { at: 1, by: 'x' }, 'evil.example': { at: now / 1000, note: 'phishing' } },
      later: 1,
    })
  })
})

test('reading the list costs no further trip: it goes beside the redemption, and one at a time', async () => {
  let read = () => {}
  mayRead = new Promise((resolve) => {
    read = () => resolve()
  })
  const fresh = instance()
  const answers = [fresh.ask('/oauth/token'), fresh.ask('/oauth/token'), fresh.ask('/oauth/authorize')]
  await vi.waitFor(() => expect(fresh.redeemed).toHaveLength(3))
  expect(reads).toBe(1)
  read()
  expect(await Promise.all(answers)).toEqual(['tokens', 'tokens', 'tokens'])
})

test('a list that cannot be read keeps no page from being shown, and lets no token out of an idle instance', async () => {
  mayRead = Promise.reject(new StoreUnavailable('down'))
  const idle = instance()
  expect(await idle.ask('/oauth/authorize')).toBe('tokens')
  await settle()
  expect(JSON.parse(await idle.ask('/oauth/token'))).toMatchObject({ error: 'temporarily_unavailable' })
  mayRead = Promise.resolve()
  expect(await idle.ask('/oauth/token')).toBe('tokens')
})

test('two admins who block clients at once both succeed', async () => {
  const entries = Array.from({ length: 4 }, (_, index) => `host-${index}.example`)
  const added = await Promise.all(entries.map((entry) => blocks().add({ entry }, signal)))
  expect(added).toEqual([true, true, true, true])
  expect((await blocks().list(signal)).map(({ entry }) => entry).toSorted()).toEqual(entries)
  expect(await blocks().add({ entry: entries[0] ?? '' }, signal)).toBe(false)
})
