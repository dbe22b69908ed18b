import { expect, test } from 'vitest'
import { personalDataForTests } from '../../../dev/worlds/personal-data.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { createSignInRecorder } from '../sign-ins.ts'
import { readUser } from '../users.ts'
import { type CareOptions, forgetUnseen, walkOverPeople } from './care.ts'
import type { PersonalData } from './personal-data.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 30, 12)
const { signal } = new AbortController()

function world(personalData: PersonalData, more: Partial<CareOptions> = {}) {
  const store = more.store ?? createMemoryStore()
  const forgotten: string[] = []
  const lines: (readonly unknown[])[] = []
  const log = recorded((...line) => lines.push(line))
  const { recordSignIn } = createSignInRecorder({ store, personalData, log })
  const options: CareOptions = {
    store,
    personalData,
    privacy: {
      async forget(sub) {
        forgotten.push(sub)
        return { grants: 0, at: now }
      },
    },
    isConnected: async () => false,
    peopleDays: 90,
    now: () => now,
    log,
    ...more,
  }
  const signIn = (sub: string, daysAgo: number) => {
    const at = Math.floor((now - daysAgo * day) / 1000)
    return recordSignIn({ sub, email: `${sub}@example.com`, client: { hash: 'c' }, grant: 'g', at }, signal)
  }
  return { store, options, forgotten, lines, signIn }
}

test('MCP_KEEP_PEOPLE_DAYS: people who have not signed in for so long are forgotten, each is read once, and the others are not read', async () => {
  const people = personalDataForTests('all')
  const inner = createMemoryStore()
  const read: string[] = []
  const get: Store['get'] = (key, ...rest) => {
    read.push(key)
    return inner.get(key, ...rest)
  }
  const { options, forgotten, signIn } = world(people, {
    store: { ...inner, get },
    isConnected: async (sub) => sub === 'u_connected',
  })
  await signIn('u_old', 200)
  await signIn('u_connected', 200)
  await signIn('u_returned', 200)
  await signIn('u_returned', 1)
  await signIn('u_recent', 10)
  // A key of an interrupted sign-in.
  await inner.put('last-seen/202601/u_unknown', {}, signal)
  await inner.put('last-seen/202601/u_recent', {}, signal)
  read.length = 0
  expect(await forgetUnseen(options, signal)).toBe(1)
  expect(forgotten).toEqual(['u_old'])
  expect(read.toSorted()).toEqual(['users/u_connected', 'users/u_old', 'users/u_recent', 'users/u_unknown'])
  expect((await inner.list('last-seen/', signal)).keys).toEqual(
    ['u_connected', 'u_recent', 'u_returned'].map((sub) => `last-seen/202611/${sub}`),
  )
  read.length = 0
  expect(await forgetUnseen(options, signal)).toBe(0)
  expect(read).toEqual([])
  expect(await forgetUnseen({ ...options, peopleDays: 0 }, signal)).toBe(0)
})

test('switching on and a new secret seal every record once, people of earlier releases enter the index, and then the walk costs one read', async () => {
  const { store, signIn } = world(personalDataForTests('none'))
  for (let index = 0; index < 1200; index++) await signIn(`u_${index}`, index % 50)
  for (const key of (await store.list('last-seen/', signal)).keys) await store.remove(key, signal)
  const before = (await store.get('users/u_7', signal))?.value
  expect(before?.email).toBe('u_7@example.com')

  const sealed = personalDataForTests('all', ['two', 'one'])
  const { options, lines } = world(sealed, { store })
  expect(await walkOverPeople(options, 'two', signal)).toBe(true)
  const after = (await store.get('users/u_7', signal))?.value
  expect(after).toMatchObject({ domain: 'example.com', firstSeenAt: before?.firstSeenAt, sealed: expect.any(String) })
  expect(after).not.toHaveProperty('email')
  expect(await readUser({ store, personalData: sealed }, 'u_7', signal)).toMatchObject({ email: 'u_7@example.com' })
  expect(await store.get('last-seen/202611/u_7', signal)).not.toBeNull()
  expect(lines).toContainEqual(['people_walked', { mode: 'all', unreadable: 0 }])

  // The secret that sealed them is gone.
  const other = world(personalDataForTests('all', ['three']), { store })
  await walkOverPeople(other.options, 'three', signal)
  expect(other.lines).toContainEqual(['people_walked', { mode: 'all', unreadable: 1200 }])

  const operations: string[] = []
  const counted = new Proxy(store, {
    get: (target, name: keyof Store) => {
      operations.push(name)
      return target[name]
    },
  })
  await walkOverPeople({ ...other.options, store: counted }, 'three', signal)
  expect(operations).toEqual(['get'])
})

test('a walk that is cut off goes on at the page where it stopped, and one that cannot read on begins anew', async () => {
  const inner = createMemoryStore()
  const cursors: (string | undefined)[] = []
  let failing = false
  const list: Store['list'] = async (prefix, inTime, cursor) => {
    cursors.push(cursor)
    if (failing && cursor !== undefined) throw new StoreUnavailable('down')
    return inner.list(prefix, inTime, cursor)
  }
  const { options, signIn } = world(personalDataForTests('all'), { store: { ...inner, list } })
  for (let index = 0; index < 1500; index++) await signIn(`u_${index}`, 1)
  cursors.length = 0
  failing = true
  for (let run = 0; run < 4; run++) expect(await walkOverPeople(options, 'one', signal)).toBe(false)
  const stopped = cursors[1]
  expect(stopped).toBeDefined()
  expect(cursors).toEqual([undefined, stopped, stopped, stopped, undefined, stopped])
  failing = false
  cursors.length = 0
  expect(await walkOverPeople(options, 'one', signal)).toBe(true)
  expect(cursors).toEqual([stopped])
})
