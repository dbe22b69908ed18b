import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import { dayOf } from '../../base/days.ts'
import { defined } from '../../base/defined.ts'
import type { LogFields } from '../../base/log.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { createAuditLog } from './audit-log.ts'
import { digestKeyOf } from './digest.ts'
import { type DigestKeySealer, UnreadableDigestKey } from './digest-key.ts'
import type { AuditEntry } from './entry.ts'
import { makeDigests } from './make-digests.ts'
import { auditPlace } from './place.ts'
import { auditEntries } from './query.ts'
import { verifyAudit } from './verify.ts'

const never = new AbortController().signal
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = Date.UTC(2026, 10, 28)
const issuerHash = 'issuer'

/** Stands for `MCP_OAUTH_SECRET` and its predecessors: the first seals, and all open. */
const sealerOf = (...secrets: readonly string[]): DigestKeySealer => ({
  kid: secrets[0] ?? '',
  seal: ({ key }) => `${secrets[0]} ${key}`,
  open: (sealed) => {
    const [secret = '', key = ''] = sealed.split(' ')
    return secrets.includes(secret) ? { key } : null
  },
})

function world(store: Store = createMemoryStore()) {
  const clock = { now: start }
  const now = () => clock.now
  const printed: (LogFields & { readonly event: string })[] = []
  const log = recorded((event, fields) => printed.push({ event, ...fields }))
  const audit = createAuditLog({ store, log, now })
  const secrets = { current: sealerOf('one') }
  const options = () => ({ store, issuerHash, sealer: secrets.current, now, log })
  return {
    store,
    clock,
    printed,
    audit,
    secrets,
    record: (entry: Partial<AuditEntry> = {}) => audit.record({ action: 'grant', client: 'c', ...entry }, never),
    digest: (signal = never) => makeDigests(options(), signal),
    verify: (expect?: string, more: { from?: string; isEnough?: () => boolean } = {}) =>
      verifyAudit({ store, issuerHash, now, keptDays: 400, expect, ...more }, never),
    entries: (query: Partial<Parameters<typeof auditEntries>[1]> = {}) =>
      auditEntries(store, { from: start, to: clock.now + 1, ...query }, never),
    keys: async (prefix: string) => (await store.list(prefix, never)).keys,
  }
}

/** Three days of entries, each day with its digest. */
async function threeDays() {
  const here = world()
  for (let i = 0; i < 3; i++) {
    here.clock.now = start + i * day
    for (let h = 0; h < 24; h += 6) {
      for (let n = 0; n < 3; n++) {
        here.clock.now = start + i * day + h * hour + n * minute
        await here.record({ detail: `entry ${i} ${h} ${n}` })
      }
    }
  }
  here.clock.now = start + 3 * day + hour
  await here.digest()
  return here
}

describe('the digest of a day', () => {
  test('is made once the day is over, is printed to the log, and follows the one before [F-004-16 N31]', async () => {
    const { printed, keys, verify } = await threeDays()
    expect(await keys('audit-digests/')).toEqual(['20261128', '20261129', '20261130'].map(digestKeyOf))
    const digests = printed.filter(({ event }) => event === 'audit_digest')
    expect(digests.map(({ entries }) => entries)).toEqual([12, 12, 12])
    expect(digests.map(({ previous }) => previous)).toEqual(['', digests[0]?.digest, digests[1]?.digest])
    expect(await keys('audit-progress/')).toEqual([])
    expect(await verify()).toEqual({ days: 3, entries: 36, problems: [], last: { day: '20261130', digest: digests[2]?.digest } }) // biome-ignore format: one line
  })

  test('is not made while entries of the day may still be written', async () => {
    const { record, digest, clock, keys } = world()
    await record()
    clock.now = start + day + 9 * minute
    await digest()
    expect(await keys('audit-digests/')).toEqual([])
    clock.now = start + day + 10 * minute
    await digest()
    expect(await keys('audit-digests/')).toHaveLength(1)
  })

  test('is the same, however many runs make it at once', async () => {
    const { record, digest, clock, keys, printed, verify } = world()
    await record()
    clock.now = start + 2 * day + hour
    for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 5 }, () => digest()))
    expect(await keys('audit-digests/')).toHaveLength(2)
    expect(new Set(printed.map(({ day, digest }) => `${day} ${digest}`)).size).toBe(2)
    expect((await verify()).problems).toEqual([])
  })

  test('is made for a day without entries, and for every day that earlier runs missed', async () => {
    const { record, digest, clock, keys, verify } = world()
    await record()
    clock.now = start + 9 * day + hour
    expect(await digest()).toBe(true)
    expect(await keys('audit-digests/')).toHaveLength(9)
    expect((await verify()).problems).toEqual([])
  })

  test('continues where a run was cut off, and lists no hour twice', async () => {
    const store = createMemoryStore()
    let listed = 0
    let dieAfter = 7
    const dying: Store = {
      ...store,
      async list(prefix, signal, cursor) {
        if (prefix.startsWith('audit/2026')) {
          if (dieAfter-- <= 0) throw new StoreUnavailable('the time is over')
          listed += 1
        }
        return store.list(prefix, signal, cursor)
      },
    }
    const { record, digest, clock, keys, verify } = world(dying)
    await record()
    clock.now = start + day + hour
    let runs = 0
    for (; runs < 20 && !(await digest()); runs++) dieAfter = 7
    expect(runs).toBeGreaterThan(2)
    // Four hours at once: those of the batch in which a run ends are listed again.
    expect(listed).toBeLessThan(24 + 4 * (runs + 1))
    dieAfter = 1000
    expect(await keys('audit-digests/')).toHaveLength(1)
    expect((await verify()).problems).toEqual([])
  })

  test('of a day with 100,000 entries needs one listing for each thousand, and reads none', async () => {
    const store = createMemoryStore()
    let lists = 0
    let gets = 0
    const keys = Array.from({ length: 100_000 }, (_, i) => {
      const at = start + i * 800
      return `audit/20261128/${new Date(at).toISOString().slice(11, 13)}/${at}.grant.0.${'h'.repeat(43)}`
    })
    const large: Store = {
      ...store,
      async get(key, signal) {
        if (key.startsWith('audit/')) gets += 1
        return store.get(key, signal)
      },
      async list(prefix, signal, cursor = '') {
        if (!prefix.startsWith('audit/')) return store.list(prefix, signal, cursor)
        lists += 1
        const left = keys.filter((key) => key.startsWith(prefix) && key > cursor)
        const page = left.slice(0, 1000)
        return left.length > 1000 ? { keys: page, next: page.at(-1) ?? '' } : { keys: page }
      },
    }
    const { digest, clock, printed } = world(large)
    clock.now = start + day + hour
    expect(await digest()).toBe(true)
    expect(printed).toMatchObject([{ event: 'audit_digest', entries: 100_000 }])
    expect([lists < 150, gets]).toEqual([true, 0])
  })

  test('outlives a change of the secret, and is never signed by another key [N31]', async () => {
    const here = await threeDays()
    here.secrets.current = sealerOf('two', 'one')
    await here.record()
    here.clock.now += day
    await here.digest()
    here.secrets.current = sealerOf('three', 'two')
    here.clock.now += day
    await here.digest()
    expect((await here.verify()).problems).toEqual([])
    here.secrets.current = sealerOf('lost')
    here.clock.now += day
    await expect(here.digest()).rejects.toThrow(UnreadableDigestKey)
    expect((await here.verify()).problems).toEqual([])
  })
})

describe('verifying', () => {
  const second = 'audit/20261129/06/'

  test('finds a changed entry', async () => {
    const { store, keys, verify } = await threeDays()
    const [key = ''] = await keys(second)
    await store.put(key, { ...(await store.get(key, never))?.value, client: 'another' }, never)
    expect((await verify()).problems).toEqual([{ fault: 'changed', day: '20261129', hour: '06', key }])
  })

  test('in pieces reads every entry once, and finds what one piece would', async () => {
    const { store, keys, verify } = await threeDays()
    await store.remove((await keys(second))[0] ?? '', never)
    const whole = await verify()
    const pieces = []
    let from: string | undefined
    do {
      const piece = await verify(undefined, { isEnough: () => true, ...(from !== undefined && { from }) })
      pieces.push(piece)
      from = piece.next
    } while (from !== undefined)
    expect(pieces.map(({ days }) => days)).toEqual(pieces.map(() => 1))
    expect(pieces.flatMap(({ problems }) => problems)).toEqual(whole.problems)
    expect(pieces.reduce((sum, { entries }) => sum + entries, 0)).toBe(whole.entries)
    expect(pieces.length).toBe(whole.days)
  })

  test('finds a missing entry', async () => {
    const { store, keys, verify } = await threeDays()
    await store.remove((await keys(second))[0] ?? '', never)
    expect((await verify()).problems).toEqual([{ fault: 'missing', day: '20261129', hour: '06' }])
  })

  test('finds an added entry, one that came late too', async () => {
    const { clock, record, verify } = await threeDays()
    const later = clock.now
    clock.now = start + day + 6 * hour + 30 * minute
    await record()
    clock.now = later
    expect((await verify()).problems).toEqual([{ fault: 'added', day: '20261129', hour: '06' }])
  })

  test('finds entries in another order: an entry with another time, and one of another hour', async () => {
    for (const to of [
      (key: string) => key.replace(/\d{13}/, (time) => `${Number(time) + 1}`),
      (key: string) => key.replace('/06/', '/07/'),
    ]) {
      const { store, keys, verify } = await threeDays()
      const [key = ''] = await keys(second)
      await store.put(to(key), (await store.get(key, never))?.value ?? {}, never)
      await store.remove(key, never)
      const { problems } = await verify()
      expect(problems.map(({ fault }) => fault)).toEqual(
        to(key).includes('/07/') ? ['missing', 'added'] : ['exchanged'],
      )
    }
  })

  test('finds a removed digest, a changed one, and one that another key signed', async () => {
    const removed = await threeDays()
    await removed.store.remove(digestKeyOf('20261129'), never)
    expect((await removed.verify()).problems).toEqual([{ fault: 'no-digest', day: '20261129' }])

    const changed = await threeDays()
    const record = (await changed.store.get(digestKeyOf('20261129'), never))?.value ?? {}
    await changed.store.put(digestKeyOf('20261129'), { ...record, previous: 'x' }, never)
    expect((await changed.verify()).problems).toContainEqual({ fault: 'bad-digest', day: '20261129' })

    const forged = await threeDays()
    const signature = randomBytes(64).toString('base64url')
    await forged.store.put(digestKeyOf('20261130'), { ...(await forged.store.get(digestKeyOf('20261130'), never))?.value, signature }, never) // biome-ignore format: one line
    expect((await forged.verify()).problems).toEqual([{ fault: 'bad-digest', day: '20261130' }])
  })

  test('finds a log whose oldest digests were removed, and one without any digest', async () => {
    const { store, verify } = await threeDays()
    await store.remove(digestKeyOf('20261128'), never)
    const { problems, last } = await verify()
    expect(problems).toEqual([{ fault: 'broken-chain', day: '20261129' }])
    // An expected digest that is there excuses nothing.
    expect((await verify(last?.digest)).problems).toEqual(problems)
    for (const each of ['20261129', '20261130']) await store.remove(digestKeyOf(each), never)
    expect((await verify()).problems.map(({ fault }) => fault)).toContain('no-digest')
  })

  test('finds a log that a writer of the store has cut off and let the service write anew, by a digest that the log printed [N31]', async () => {
    const here = await threeDays()
    const printed = here.printed.filter(({ event }) => event === 'audit_digest').at(-1)?.digest
    expect(printed).toEqual(expect.any(String))
    for (const key of [digestKeyOf('20261130'), ...(await here.keys('audit/20261130/'))])
      await here.store.remove(key, never)
    await here.digest()
    // By itself the log is sound.
    expect((await here.verify()).problems).toEqual([])
    expect((await here.verify(String(printed))).problems).toEqual([{ fault: 'not-expected' }])
  })

  test('accepts days whose entries are no longer kept', async () => {
    const here = await threeDays()
    here.clock.now = start + 401 * day
    await here.digest()
    for (const key of await here.keys('audit/20261128/')) await here.store.remove(key, never)
    expect((await here.verify()).problems).toEqual([])
  })

  test('is not stopped by a digest of a day that never comes', async () => {
    const here = await threeDays()
    await here.store.put(digestKeyOf('99991231'), {}, never)
    await here.record()
    here.clock.now += day
    await here.digest()
    expect((await here.verify()).days).toBe(4)
    expect((await here.verify()).problems).toEqual([])
  })
})

describe('people in the log', () => {
  const sub = 'u_reader'
  const grant = `grants/202705/${sub}/AAAAAAAAAAAAAAAAAAAAAA`

  async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
    const found: T[] = []
    for await (const item of items) found.push(item)
    return found
  }

  async function withPerson() {
    const here = world()
    await here.record({ action: 'sign-in', sub, grant })
    here.clock.now += minute
    await here.record({ sub, grant })
    here.clock.now += minute
    await here.record({ action: 'sign-in', sub: 'u_other' })
    here.clock.now += minute
    await here.record({ action: 'admin-export', actor: sub })
    return here
  }

  test('are named by a salted hash: no entry, and no key of one, has an id', async () => {
    const { store, keys } = await withPerson()
    for (const key of [...(await keys('audit/')), ...(await keys('audit-people/'))]) {
      expect(key + JSON.stringify(await store.get(key, never))).not.toMatch(/u_reader|u_other/)
    }
  })

  test('cannot be found once they are forgotten, and the digests stay valid', async () => {
    const here = await withPerson()
    const place = auditPlace({ store: here.store, now: () => here.clock.now, keptDays: 400 })
    here.clock.now = start + day + hour
    await here.digest()
    expect((await all(place.read(sub, never))).length).toBe(2)
    await place.forget(sub, never)
    expect(await all(place.read(sub, never))).toEqual([])
    expect((await here.entries({ sub })).entries).toEqual([])
    expect((await here.keys('')).filter((key) => key.includes(sub))).toEqual([])
    expect((await here.verify()).problems).toEqual([])
  })

  test('who were forgotten get no new salt from entries that come late', async () => {
    const here = await withPerson()
    await here.store.remove(`audit-salts/${sub}`, never)
    // Another instance, which remembers no pseudonym.
    const other = createAuditLog({ store: here.store, log: recorded(), now: () => here.clock.now })
    await other.record({ action: 'refusal', sub, grant, reason: 'unknown' }, never)
    expect((await here.keys('')).filter((key) => key.includes(sub))).toEqual([])
    expect((await here.entries()).entries.find(({ reason }) => reason === 'unknown')?.person).toBeUndefined()
  })

  test('have one pseudonym, however many instances make it at once', async () => {
    for (let round = 0; round < 50; round++) {
      const { store, entries } = world()
      const instances = Array.from({ length: 8 }, () => createAuditLog({ store, log: recorded(), now: () => start }))
      await Promise.all(instances.map((audit) => audit.record({ action: 'sign-in', sub }, never)))
      const found = (await entries()).entries
      expect(found).toHaveLength(8)
      expect(new Set(found.map(({ person }) => person)).size).toBe(1)
    }
  })
})

describe('a question', () => {
  test('by time, person and action gets the newest first, in pages', async () => {
    const here = world()
    await here.record({ action: 'sign-in', sub: 'u_1' })
    for (let i = 0; i < 250; i++) {
      here.clock.now += 10 * minute
      await here.record({ sub: i % 5 === 0 ? 'u_1' : undefined, detail: String(i) })
    }
    for (const [query, count] of [
      [{}, 251],
      [{ sub: 'u_1' }, 51],
      [{ action: 'sign-in' }, 1],
      [{ from: start + 20 * minute, to: start + 40 * minute }, 2],
    ] as const) {
      // biome-ignore format: one line
      const all: string[] = []
      let next: string | undefined
      let pages = 0
      do {
        const page = await here.entries({ ...query, limit: 20, ...(next !== undefined && { cursor: next }) })
        all.push(...page.entries.map(({ at, detail }) => `${at} ${detail}`))
        next = page.next
        pages += 1
      } while (next !== undefined && pages < 100)
      expect(all).toHaveLength(count)
      expect(all).toEqual(all.toSorted().reverse())
      expect(new Set(all).size).toBe(count)
    }
    expect((await here.entries({ sub: 'u_unknown' })).entries).toEqual([])
  })

  test('about a year without entries ends, page by page', async () => {
    const here = world()
    await here.record({ detail: 'the first' })
    here.clock.now = start + 365 * day
    let next: string | undefined
    const found: unknown[] = []
    for (let pages = 0; pages < 60; pages++) {
      const page = await here.entries(defined({ cursor: next }))
      found.push(...page.entries)
      next = page.next
      if (next === undefined) break
    }
    expect([found.length, next]).toEqual([1, undefined])
  })
})

describe('writing', () => {
  test('an entry of an admin fails if it cannot be written; one after an answer is logged whole', async () => {
    const store = createMemoryStore()
    const down = async () => {
      throw new StoreUnavailable('down')
    }
    const { audit, printed } = world({ ...store, create: down, put: down })
    await expect(audit.record({ action: 'admin-forget', detail: 'x' }, never)).rejects.toThrow(StoreUnavailable)
    await audit.recordLater({ action: 'grant', client: 'c', attempt: '261130-K7QM-4XPD' })
    expect(printed).toEqual([
      { event: 'audit_entry_lost', action: 'grant', client: 'c', attempt: '261130-K7QM-4XPD', error: 'down' },
    ])
  })

  test('a refusal that a client repeats is one entry an hour', async () => {
    const { audit, clock, entries } = world()
    for (let i = 0; i < 120; i++) {
      await audit.recordLater({ action: 'refusal', sub: 'u_1', grant: 'g', reason: 'revoked' })
      clock.now += minute
    }
    expect((await entries()).entries).toHaveLength(2)
    expect(dayOf(clock.now)).toBe('20261128')
  })
})
