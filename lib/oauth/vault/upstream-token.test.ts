import { describe, expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { newGrantKey, subjectOf } from '../grants/record.ts'
import { createUpstreamToken, type UpstreamCaller } from './upstream-token.ts'
import type { Renewal } from './vault.ts'
import type { Kept } from './vault-seal.ts'

// The token with which a tool acts at another service as the person: who gets one, and who gets none (N12).

const { signal } = new AbortController()
const now = Date.UTC(2026, 11, 1)
const seconds = now / 1000
const sub = subjectOf('https://login.example/', 'ada')
const ada: UpstreamCaller = { sub, grant: newGrantKey(sub, seconds + 86_400), scope: ['docs:read', 'docs:private'] }
const kept: Kept = {
  ...{ subject: 'ada', refreshToken: 'refresh-token', accessToken: 'access-token' },
  ...{ accessEndsAt: seconds + 300, givenAt: seconds - 60 },
}

type Status = 'live' | 'ended' | 'absent'

/** `before`: what the vault has before it asks the provider. */
function world(
  options: { renewal?: Renewal | Error; status?: readonly Status[]; serviceToken?: string; before?: Kept } = {},
) {
  const { renewal = { kind: 'kept', kept }, serviceToken } = options
  const statuses = [...(options.status ?? ['live' as const])]
  const log: string[] = []
  const ended: string[] = []
  const asked: ((kept: Kept) => boolean)[] = []
  const get = createUpstreamToken({
    vault: {
      async renew(_grant, isEnough) {
        asked.push(isEnough)
        if (options.before) isEnough(options.before)
        if (renewal instanceof Error) throw renewal
        return renewal
      },
    },
    scope: 'docs:private',
    status: async () => (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 'live',
    endGone: async (grant) => void ended.push(grant),
    serviceToken,
    now: () => now,
    log: recorded((event, fields) => log.push(`${event} ${JSON.stringify(fields)}`)),
  })
  return { get, log, ended, asked }
}

const failed = (kind: 'gone' | 'absent' | 'lost' | 'failed'): Renewal => ({ kind, reason: 'because' })

test('a person gets their own token, with its expiry, and the log has neither token nor address', async () => {
  const { get, log } = world()
  expect(await get(ada, signal)).toEqual({ kind: 'token', accessToken: 'access-token', expiresAt: seconds + 300, of: 'person' }) // biome-ignore format: one line
  expect(log).toEqual([expect.stringContaining('"outcome":"given"')])
  expect(log.join()).not.toMatch(/access-token|refresh-token/)
})

test('a token is renewed shortly before it ends, and when the other service does not accept it', async () => {
  const { get, asked } = world()
  await get(ada, signal)
  await get(ada, signal, 'access-token')
  const [first, second] = asked
  expect([first?.(kept), first?.({ ...kept, accessEndsAt: seconds + 29 })]).toEqual([true, false])
  // What has just been given is used, however short its life.
  expect(first?.({ ...kept, accessEndsAt: seconds + 5, givenAt: seconds })).toBe(true)
  expect([second?.(kept), second?.({ ...kept, accessToken: 'another' })]).toEqual([false, true])
})

describe('no token', () => {
  test.each<[string, Partial<UpstreamCaller>, string]>([
    ['without the scope', { scope: ['docs:read', 'docs:feedback', 'docs:admin'] }, 'not_allowed'],
    ['for the grant of another person', { sub: subjectOf('https://login.example/', 'eve') }, 'not_connected'],
    ['for a machine', { grant: 'machines/docs-ci', sub: 'm_docs-ci' }, 'not_connected'],
    ['for a company’s assertion', { grant: `assertions/202612/${sub}/x` }, 'not_connected'],
  ])('%s, and the vault is not even read [N12]', async (_what, changes, kind) => {
    const { get, asked } = world()
    expect((await get({ ...ada, ...changes }, signal)).kind).toBe(kind)
    expect(asked).toEqual([])
  })

  test.each<[string, Renewal | Error, string, number]>([
    ['whom the provider refuses, and the connection ends', failed('gone'), 'refused', 1],
    ['whose provider gave none', failed('absent'), 'not_connected', 0],
    ['whose token was lost', failed('lost'), 'not_connected', 0],
    ['whose provider does not answer', failed('failed'), 'passing', 0],
    ['while the store does not answer', new StoreUnavailable('late'), 'passing', 0],
  ])('for a person %s [N12]', async (_what, renewal, kind, ends) => {
    const { get, ended, log } = world({ renewal })
    expect((await get(ada, signal)).kind).toBe(kind)
    expect(ended).toHaveLength(ends)
    expect(log.at(-1)).toContain(`"outcome":"${kind}"`)
  })

  test.each<Status>(['ended', 'absent'])(
    'of a connection that is %s, although the vault still has one [N12]',
    async (status) => {
      // biome-ignore format: one line
      for (const serviceToken of [undefined, 'service']) {
      const { get } = world({ status: [status], ...(serviceToken !== undefined && { serviceToken }) })
      expect((await get(ada, signal)).kind).toBe('refused')
    }
    },
  )

  test('of a connection that ends while the provider renews the token [N12]', async () => {
    const before = { ...kept, accessEndsAt: seconds - 1 }
    expect((await world({ before, status: ['live', 'ended'] }).get(ada, signal)).kind).toBe('refused')
    expect((await world({ before, status: ['live'] }).get(ada, signal)).kind).toBe('token')
    // Nothing is read twice where the vault had a token.
    expect((await world({ before: kept, status: ['live', 'ended'] }).get(ada, signal)).kind).toBe('token')
  })

  test('after a fault of ours: the tool fails, and says so itself', async () => {
    await expect(world({ renewal: new TypeError('a bug') }).get(ada, signal)).rejects.toThrow('a bug')
  })
})

describe('the service account', () => {
  const serviceToken = 'service'

  test.each(['absent', 'lost'] as const)(
    'steps in for a person whose token is %s, with an event for each use [F-004-07]',
    async (kind) => {
      // biome-ignore format: one line
      const { get, log } = world({ renewal: failed(kind), serviceToken })
      for (const _ of [1, 2]) expect(await get(ada, signal)).toEqual({ kind: 'token', accessToken: 'service', of: 'service' }) // biome-ignore format: one line
      expect(log.map((line) => line.split(' ')[0])).toEqual(['upstream_service_account', 'upstream_service_account'])
      expect(log.join()).not.toContain('"service"')
    },
  )

  test.each<[string, Renewal, Partial<UpstreamCaller>, Status[]]>([
    ['whom the provider refuses', failed('gone'), {}, ['live']],
    ['whom the provider may still know', failed('failed'), {}, ['live']],
    ['without the scope', failed('absent'), { scope: ['docs:read'] }, ['live']],
    ['whose connection ends meanwhile', failed('absent'), {}, ['live', 'ended']],
  ])('never steps in for a person %s [F-004-07 N12]', async (_what, renewal, changes, status) => {
    const { get, log } = world({ renewal, serviceToken, status })
    expect((await get({ ...ada, ...changes }, signal)).kind).not.toBe('token')
    expect(log.join()).not.toContain('upstream_service_account')
  })

  test('is not given again once the other service has refused it', async () => {
    expect((await world({ renewal: failed('absent'), serviceToken }).get(ada, signal, serviceToken)).kind).toBe('not_connected') // biome-ignore format: one line
  })
})
