import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newSecret } from '../../lib/settings/secrets.ts'
import { callMcp, type OAuthClient, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { day, startYearSite, type YearSite } from './site.ts'

/**
 * A year, day by day: clients that come every day, every week, every month, or after half a year; two rotations of the secret by the
 * written procedure, four of the signing keys; the scheduled functions every night; and three instances of different ages.
 * YEAR_DAYS=60 makes a shorter year.
 */

const days = Number(process.env.YEAR_DAYS ?? 366)
const start = Date.UTC(2026, 10, 30, 9)
const refreshLifetime = 30 * day
const grantLifetime = 180 * day

/** Days between two visits of a client. The last two come too late each time. */
const habits = [1, 7, 13, 29, 31, 179] as const
/** Days between two times when one client of each habit is connected for the first time. */
const cohort = 45

interface Visitor {
  readonly client: OAuthClient
  readonly habit: number
  readonly email: string
  refreshToken: string
  /** Milliseconds since the epoch. */
  signedInAt: number
  refreshedAt: number
}

interface Night {
  readonly day: number
  readonly maintenance: number
  readonly usage: number
  readonly keys: number
}

let site: YearSite
const visitors: Visitor[] = []
const nights: Night[] = []
/** What went wrong: a valid client that was signed out, or one that should have been. */
const wrong: string[] = []
const counts = { signIns: 0, refreshes: 0, expired: 0, calls: 0 }
const secrets = { current: newSecret(), previous: [] as string[], retired: [] as string[] }

const settings = () => ({
  MCP_OAUTH_SECRET: secrets.current,
  MCP_OAUTH_PREVIOUS_SECRETS: secrets.previous.join(','),
  MCP_OAUTH_RETIRED_SECRETS: secrets.retired.join(','),
  MCP_KEEP_PEOPLE_DAYS: '120',
  MCP_KEEP_USAGE_DAYS: '90',
  MCP_KEEP_PEOPLE_USAGE_DAYS: '60',
})

/** The written procedure: make the new secret known, swap the two an hour later, drop the old one a month later. */
async function rotateSecret(at: number): Promise<void> {
  const fresh = newSecret()
  secrets.previous.push(fresh)
  await site.deploy(settings())
  await renewAll()
  site.setTime(at + 2 * 3_600_000)
  secrets.previous = [...secrets.previous.filter((secret) => secret !== fresh), secrets.current]
  secrets.current = fresh
  await site.deploy(settings())
  await renewAll()
}

async function dropPreviousSecrets(): Promise<void> {
  secrets.retired.push(...secrets.previous.splice(0))
  await site.deploy(settings())
  await renewAll()
}

/** The platform replaces all instances of a deploy within an hour. */
const renewAll = async () => {
  for (let n = 0; n < 3; n++) await site.renewInstance()
}

async function connect(visitor: Omit<Visitor, 'refreshToken' | 'signedInAt' | 'refreshedAt'>, now: number) {
  counts.signIns += 1
  const { refreshToken } = await obtainTokens(visitor.client, visitor.email)
  return { ...visitor, refreshToken, signedInAt: now, refreshedAt: now }
}

/** A client comes back: it refreshes and asks, or has to sign in again. */
async function visit(visitor: Visitor, now: number, at: number): Promise<void> {
  const valid = now - visitor.refreshedAt < refreshLifetime && now - visitor.signedInAt < grantLifetime
  const { status, body } = await visitor.client.refresh(visitor.refreshToken)
  const { refresh_token: refreshToken, access_token: accessToken } = body
  const who = `day ${at}, every ${visitor.habit} days`
  if (status === 200 && refreshToken !== undefined && accessToken !== undefined) {
    counts.refreshes += 1
    if (!valid) wrong.push(`${who}: refreshed ${(now - visitor.refreshedAt) / day} days after the last time`)
    Object.assign(visitor, { refreshToken, refreshedAt: now })
    if (visitor.habit === 1) return
    counts.calls += 1
    const answer = await callMcp(`${site.issuer}/mcp`, accessToken, 'tools/call', { name: 'whoami', arguments: {} })
    if (answer.status !== 200) wrong.push(`${who}: /mcp answered ${answer.status}`)
    return
  }
  counts.expired += 1
  if (valid || body.error !== 'invalid_grant') wrong.push(`${who}: ${status} ${body.error}`)
  Object.assign(visitor, await connect(visitor, now))
}

beforeAll(async () => {
  site = await startYearSite(start)
  await site.deploy(settings())
  for (let at = 0; at < days; at++) {
    const now = start + at * day
    site.setTime(now)
    await site.renewInstance()
    if (at % cohort === 0) {
      for (const habit of habits) {
        const client = await registerClient(site.issuer, `Every ${habit} days, from day ${at}`)
        visitors.push(await connect({ client, habit, email: `v${habit}-${at}@example.com` }, now))
      }
    }
    for (const visitor of visitors) {
      const since = Math.round((now - visitor.signedInAt) / day)
      const away = Math.round((now - visitor.refreshedAt) / day)
      // The visitors of the first cohort go away for good after half a year.
      if (visitor === visitors[1] && at > 183) continue
      if (since > 0 && away >= visitor.habit) await visit(visitor, now, at)
    }
    if (at === 100 || at === 230) await rotateSecret(now)
    if (at === 132 || at === 262) await dropPreviousSecrets()
    await site.settle()
    // At night.
    site.setTime(now + day / 2)
    const [maintenance, usage] = [await site.maintain(), await site.countUsage()]
    await site.settle()
    const { signal } = new AbortController()
    const [key = ''] = (await site.store.list('signing-keys/', signal)).keys
    const stored = await site.store.get(key, signal)
    nights.push({ day: at, maintenance, usage, keys: Array.isArray(stored?.value.keys) ? stored.value.keys.length : 0 })
    if (at % 30 === 29) process.stderr.write(`day ${at + 1}: ${JSON.stringify(counts)}\n`)
  }
}, 3_600_000)
afterAll(() => site?.stop())

const logged = (event: string) => site.lines.filter((line) => line.includes(`"event":"${event}"`))

async function keysUnder(prefix: string): Promise<readonly string[]> {
  const { signal } = new AbortController()
  const all: string[] = []
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await site.store.list(prefix, signal, cursor)
    all.push(...page.keys)
    cursor = page.next
    more = cursor !== undefined
  }
  return all
}

const end = start + days * day
const dayText = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10).replaceAll('-', '')

describe('a year', () => {
  test('no client that is valid is signed out, and none that has expired stays', () => {
    process.stderr.write(
      `${JSON.stringify({ days, ...counts, requests: nights.reduce((sum, night) => sum + night.maintenance + night.usage, 0) })}\n`,
    )
    expect(wrong).toEqual([])
    expect(counts.refreshes).toBeGreaterThanOrEqual(days)
    if (days >= 366) expect(counts.expired).toBeGreaterThan(20)
  })

  test('nothing failed, was lost or could not be read', () => {
    const bad =
      /"(?:event":"(?:failed|background_failed|signing_key_unreadable|.*_lost|.*_failed|misconfigured)|level":"error)"/
    expect(site.lines.filter((line) => bad.test(line)).slice(0, 5)).toEqual([])
  })

  test('the signing keys rotate every 90 days, and there are never more than two', () => {
    expect(Math.max(...nights.map(({ keys }) => keys))).toBeLessThanOrEqual(2)
    expect(logged('signing_key_created').length).toBe(Math.floor((days - 1) / 90) + 1)
    if (days >= 366) expect(logged('signing_key_resealed').length).toBeGreaterThanOrEqual(2)
  })

  test('what may be kept for so many days is kept no longer', async () => {
    const firstOf = async (prefix: string) =>
      (await keysUnder(prefix)).map((key) => key.split('/')[1] ?? '').toSorted()[0] ?? '9'
    // A day more: the night's run is half a day before the end.
    expect((await firstOf('attempts/')) >= dayText(end - 32 * day)).toBe(true)
    expect((await firstOf('usage-days/')) >= dayText(end - 93 * day)).toBe(true)
    expect((await firstOf('usage-day-people/')) >= dayText(end - 63 * day)).toBe(true)
    for (const collection of ['limits/', 'outbox/', 'client-assertions/', 'health/', 'usage-slices/']) {
      const ends = (await keysUnder(collection)).map((key) => Number(key.split('/')[1]))
      expect(
        ends.filter((seconds) => seconds > 1e9 && seconds * 1000 < end - 2 * day),
        collection,
      ).toEqual([])
    }
    const past = (await keysUnder('grants/'))
      .map((key) => key.split('/')[1] ?? '')
      .filter((month) => month < dayText(end - 40 * day).slice(0, 6))
    expect(past).toEqual([])
  })

  test('the stores of counted days are gone, and the audit log has a digest of each day', async () => {
    const digests = await keysUnder('audit-digests/')
    expect(digests.length).toBeGreaterThanOrEqual(days - 2)
  })

  test('a person who has not come for 120 days and the rest of that month is forgotten; all others are known', async () => {
    const cameWithin = (limit: number) => visitors.filter(({ refreshedAt }) => end - refreshedAt < limit * day).length
    const known = (await keysUnder('users/')).length
    expect(known).toBeGreaterThanOrEqual(cameWithin(120))
    expect(known).toBeLessThanOrEqual(cameWithin(120 + 34))
    if (days >= 366) expect(cameWithin(120 + 34)).toBeLessThan(visitors.length)
  })

  test('a night costs no more at the end of the year than after the first months', () => {
    if (days < 366) return
    const median = (of: readonly number[]) => of.toSorted((a, b) => a - b)[of.length >> 1] ?? 0
    const quarter = (name: 'maintenance' | 'usage', from: number) =>
      median(nights.slice(from, from + 60).map((night) => night[name]))
    for (const name of ['maintenance', 'usage'] as const) {
      process.stderr.write(`${name}: ${quarter(name, 90)} requests a night, ${quarter(name, 300)} at the end\n`)
      expect(quarter(name, 300), name).toBeLessThanOrEqual(1.5 * quarter(name, 90) + 20)
    }
  })
})
