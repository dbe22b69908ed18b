import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { grantsOfPerson } from './of-person.ts'
import { type GrantRecord, newGrantKey, subjectOf } from './record.ts'

const day = 86_400
const signal = new AbortController().signal
const ada = subjectOf('https://login.example/', 'ada')
const bob = subjectOf('https://login.example/', 'bob')

/** Makes a store with grants of several users. `now` is in seconds. */
function world(now: number, wrap: (store: Store) => Partial<Store> = () => ({})) {
  const inner = createMemoryStore()
  const store: Store = { ...inner, ...wrap(inner) }
  return {
    store,
    async grant(sub: string, changes: Partial<GrantRecord> = {}): Promise<string> {
      const createdAt = changes.createdAt ?? now
      const endsAt = createdAt + 180 * day
      const record: GrantRecord = {
        generation: 0,
        createdAt,
        rotatedAt: createdAt,
        expiresAt: createdAt + 30 * day,
        endsAt,
        clientHash: 'hash-of-the-client',
        authenticationMethod: 'none',
        kid: 'k',
        ...changes,
      }
      const key = newGrantKey(sub, record.endsAt)
      await inner.create(key, record, signal)
      return key
    },
    of: (key: string) => grantsOfPerson(store, key, now * 1000, signal),
  }
}

const noon = Date.UTC(2026, 10, 21, 12) / 1000

describe('the grants of a user', () => {
  test('are the live ones, the latest first, with the one of the request marked [C-13]', async () => {
    const { grant, of } = world(noon)
    await grant(ada, { clientName: 'Oldest', createdAt: noon - 40 * day, expiresAt: noon + day })
    const own = await grant(ada, { clientName: 'This one', createdAt: noon - 2 * day, rotatedAt: noon - 60 })
    await grant(ada, { createdAt: noon - day })
    const { grants, more } = await of(own)
    expect(more).toBe(false)
    expect(grants.map(({ clientName, own }) => [clientName, own])).toEqual([
      [undefined, false],
      ['This one', true],
      ['Oldest', false],
    ])
    expect(grants[1]).toEqual({
      clientHash: 'hash-of-the-client',
      clientName: 'This one',
      createdAt: noon - 2 * day,
      rotatedAt: noon - 60,
      endsAt: noon + 178 * day,
      own: true,
    })
    expect(JSON.stringify(grants)).not.toContain(own.split('/').at(-1))
  })

  test('exclude those of other users, and those that were revoked or have expired', async () => {
    const { grant, of } = world(noon)
    const own = await grant(ada)
    await grant(bob)
    await grant(ada, { revokedAt: noon - 1 })
    await grant(ada, { createdAt: noon - 31 * day })
    await grant(ada, { createdAt: noon - 180 * day, expiresAt: noon + day, endsAt: noon })
    expect((await of(own)).grants).toHaveLength(1)
  })

  // 180 days reach furthest across February, and from the last day of a month.
  test.each(['2026-01-31', '2026-08-31', '2027-08-31', '2026-12-31', '2026-11-01'])(
    'are found on %s wherever in the 180 days they end',
    async (date) => {
      const now = Date.parse(date) / 1000
      const { grant, of } = world(now)
      const own = await grant(ada)
      for (let age = 0; age < 180; age += 9) await grant(ada, { createdAt: now - age * day, expiresAt: now + day })
      expect((await of(own)).grants).toHaveLength(21)
    },
  )

  test('are read up to a bound, the own and the latest first, and the answer says that there are more', async () => {
    let reads = 0
    const { grant, of } = world(noon, (store) => ({
      get: (key, signal) => {
        reads++
        return store.get(key, signal)
      },
    }))
    const own = await grant(ada, { createdAt: noon - 100 * day, expiresAt: noon + day })
    const earlier = { createdAt: noon - 40 * day, expiresAt: noon + day }
    for (let i = 0; i < 30; i++) await grant(ada, earlier)
    for (let i = 0; i < 30; i++) await grant(ada)
    const { grants, more } = await of(own)
    expect(reads).toBe(40)
    expect(more).toBe(true)
    expect(grants.filter(({ createdAt }) => createdAt === noon)).toHaveLength(30)
    expect(grants.at(-1)?.own).toBe(true)
  })

  test('are an error if the store is down or a record is damaged', async () => {
    const down = world(noon, () => ({ list: () => Promise.reject(new StoreUnavailable('down')) }))
    await expect(down.of(await down.grant(ada))).rejects.toThrow(StoreUnavailable)
    const { store, grant, of } = world(noon)
    const own = await grant(ada)
    await store.put(newGrantKey(ada, noon + day), { not: 'a grant' }, signal)
    await expect(of(own)).rejects.toThrow(StoreUnavailable)
  })

  test.each(['u_', 'u_short', `${ada}x`, 'somebody', 'client', `c${ada.slice(1)}`])(
    'are none for %j, which is not a user id, whatever is stored under that name',
    async (sub) => {
      const { grant, of } = world(noon)
      await grant(ada)
      expect(await of(await grant(sub))).toEqual({ grants: [], more: false })
    },
  )

  test.each(['grants', 'users/a/b'])('are empty for a malformed key: %s', async (key) => {
    const { grant, of } = world(noon)
    await grant(ada)
    expect(await of(key)).toEqual({ grants: [], more: false })
  })
})
