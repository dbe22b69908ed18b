import * as v from 'valibot'
import { beforeEach, describe, expect, test } from 'vitest'
import { createOutboxSeals } from '../../../dev/worlds/outbox.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { companyOf } from '../company.ts'
import type { UsageEvent } from '../usage/event.ts'
import type { EventStore, EventStores } from '../usage/event-stores.ts'
import { createPseudonymSource } from '../usage/pseudonyms.ts'
import { createUsageRecorder } from '../usage/recorder.ts'
import { rollUp } from '../usage/roll-up.ts'
import { isHeldForCapture, runCapture } from './capture.ts'
import { createOutbox } from './outbox.ts'
import { runWebhooks } from './run.ts'
import { enqueueWeeklySummaries } from './weekly.ts'

const { signal } = new AbortController()
const seals = createOutboxSeals()
const minute = 60_000
const day = 86_400_000

/** A store of events for each day, in memory. */
function createEventStores(): EventStores {
  const days = new Map<string, EventStore>()
  return {
    of(day) {
      const known = days.get(day)
      if (known) return known
      const store = createMemoryStore()
      const removeAll = async () => void days.delete(day)
      const opened = { ...store, removeAll }
      days.set(day, opened)
      return opened
    },
  }
}

const batchBody = v.object({
  api_key: v.string(),
  batch: v.array(
    v.object({
      uuid: v.string(),
      event: v.string(),
      distinct_id: v.string(),
      timestamp: v.string(),
      properties: v.record(v.string(), v.unknown()),
    }),
  ),
})
type Captured = v.InferOutput<typeof batchBody>['batch'][number]

/** Usage, its rollup, a CRM and a service that takes events, with a clock that the test moves. */
function setUp() {
  const store = createMemoryStore()
  const events = createEventStores()
  // A Monday.
  let time = Date.parse('2027-01-11T00:00:00Z')
  const now = () => time
  const lines: string[] = []
  const log = recorded((event) => lines.push(event))
  const sealer = { kid: 'k', seal: ({ key }: { key: string }) => key, open: (key: string) => ({ key }) }
  const pseudonyms = createPseudonymSource({ store, issuerHash: 'issuer', sealer, now })
  const recorder = createUsageRecorder({ events, pseudonyms, companyOf, log })
  const captured: Captured[] = []
  const told: { id: string; body: Record<string, unknown> }[] = []
  let status = 200
  const receive: typeof fetch = async (url, init) => {
    if (status === 200 && String(url).includes('/batch/')) {
      captured.push(...v.parse(batchBody, JSON.parse(String(init?.body))).batch)
    } else if (status === 200) {
      const id = new Headers(init?.headers).get('webhook-id') ?? ''
      told.push({ id, body: v.parse(v.record(v.string(), v.unknown()), JSON.parse(String(init?.body))) })
    }
    return new Response(null, { status })
  }
  const target = { url: 'https://capture.example.com/batch/', key: 'phc_key' }
  const parts = { store, events, pseudonyms, now, log, ...seals, fetch: receive, beingForgotten: async () => [] }
  const webhook = { url: 'https://crm.example.com/', secrets: [] }
  const capture = (more: Partial<Parameters<typeof runCapture>[0]> = {}) =>
    runCapture({ ...parts, target, ...more }, signal)
  const outbox = createOutbox({ ...parts, webhook })
  return {
    store,
    events,
    lines,
    captured,
    told,
    answer: (next: number) => {
      status = next
    },
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    record: (event: Partial<UsageEvent> = {}) =>
      recorder.record({
        at: time,
        sub: 'u_ada',
        person: { email: 'ada@example.com', emailVerified: true },
        client: { hash: 'client', name: 'Claude' },
        what: { kind: 'call', tool: 'ask_docs_question' },
        outcome: { kind: 'ok' },
        milliseconds: 250,
        ...event,
      }),
    rollUp: () =>
      rollUp(
        {
          ...parts,
          nameOf: async () => ({ name: 'Example', domain: 'example.com' }),
          retention: { peopleDays: 400, days: 400 },
          isHeld: (day, signal) => isHeldForCapture({ ...parts, target }, day, signal),
        },
        signal,
      ),
    capture,
    summarize: (more: Partial<Parameters<typeof enqueueWeeklySummaries>[0]> = {}) =>
      enqueueWeeklySummaries({ ...parts, outbox, ...more }, signal),
    send: () => runWebhooks({ ...parts, webhook }, signal),
  }
}

let world: ReturnType<typeof setUp>
beforeEach(() => {
  world = setUp()
})

describe('a service that takes usage', () => {
  test('gets each counted event once, under pseudonyms, without an address, a name or our own ids [N28]', async () => {
    const { record, pass, rollUp, capture, captured } = world
    await record()
    await record({ outcome: { kind: 'failed', reason: 'timeout' } })
    await record({ what: { kind: 'step', step: 'code' }, milliseconds: 5 })
    pass(30 * minute)
    await record()
    await rollUp()
    const keys = (await world.events.of('20270111').list('', signal)).keys.join('\n')
    const [, , , person = '', company = '', client = ''] = keys.split('/')
    await world.store.put(`clients/${client}`, { name: 'Claude', host: 'claude.ai' }, signal)
    await world.store.put(`companies/${company}`, { name: 'Analytical Engines' }, signal)
    expect(await capture()).toEqual({ sent: 3, finished: true })
    expect(await capture()).toEqual({ sent: 0, finished: true })
    expect(captured).toMatchObject([
      { event: 'docs tool called', timestamp: '2027-01-11T00:00:00.000Z' },
      { event: 'docs tool called' },
      { event: 'docs sign-in step' },
    ])
    const [call] = captured.filter(({ properties }) => properties.outcome === 'failed')
    expect(call?.properties).toMatchObject({
      tool: 'ask_docs_question',
      reason: 'timeout',
      milliseconds: 250,
      client_name: 'Claude',
      client_host: 'claude.ai',
      company_name: 'Analytical Engines',
      $process_person_profile: false,
    })
    expect(new Set(captured.map(({ uuid }) => uuid)).size).toBe(3)
    expect(new Set(captured.map(({ distinct_id }) => distinct_id)).size).toBe(1)
    expect(captured[0]?.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
    const sent = JSON.stringify(captured)
    expect(sent).not.toMatch(/@|u_ada|example\.com/)
    for (const own of [person, company, client]) expect(sent).not.toContain(own)
  })

  test('that is down for two days gets everything later: the events wait for it', async () => {
    const { record, pass, rollUp, capture, captured, answer } = world
    answer(503)
    for (let hour = 0; hour < 48; hour++) {
      await record({ sub: `u_${hour}` })
      pass(60 * minute)
      await rollUp()
      expect((await capture()).finished).toBe(hour === 48)
    }
    answer(200)
    pass(60 * minute)
    await rollUp()
    expect(await capture()).toEqual({ sent: 48, finished: true })
    await rollUp()
    expect((await world.events.of('20270111').list('', signal)).keys).toEqual([])
    expect(new Set(captured.map(({ uuid }) => uuid)).size).toBe(48)
  })

  test('that is down for longer than three days lacks events; the log says so, and usage counts on', async () => {
    const { record, pass, rollUp, capture, answer, lines, events } = world
    answer(401)
    await record()
    for (let days = 0; days < 5; days++) {
      pass(day + 30 * minute)
      await rollUp()
      await capture()
    }
    expect(lines).toContain('capture_gave_up')
    expect((await events.of('20270111').list('', signal)).keys).toEqual([])
  })

  test('continues after a lost answer or a run out of time, with the same uuid for the same event', async () => {
    const { record, pass, rollUp, capture, captured } = world
    for (let i = 0; i < 1200; i++) await record({ sub: `u_${i}` })
    pass(30 * minute)
    await rollUp()
    let calls = 0
    const lostOnce: typeof fetch = async (_url, init) => {
      captured.push(...v.parse(batchBody, JSON.parse(String(init?.body))).batch)
      calls += 1
      if (calls === 2) throw new TypeError('fetch failed')
      return new Response(null, { status: 200 })
    }
    expect(await capture({ fetch: lostOnce })).toEqual({ sent: 500, finished: false })
    expect(await capture({ fetch: lostOnce, share: 0 })).toEqual({ sent: 0, finished: false })
    expect(await capture({ fetch: lostOnce })).toEqual({ sent: 700, finished: true })
    expect([captured.length, new Set(captured.map(({ uuid }) => uuid)).size]).toEqual([1700, 1200])
  })

  test('receives nothing about a person who is being forgotten', async () => {
    const { record, pass, rollUp, capture, captured } = world
    await record()
    await record({ at: Date.parse('2027-01-11T00:05:00Z'), sub: 'u_bob' })
    pass(30 * minute)
    await rollUp()
    await capture({ beingForgotten: async () => ['u_ada'] })
    expect(captured.map(({ distinct_id }) => distinct_id)).toEqual(['forgotten', expect.not.stringContaining('u_bob')])
  })
})

describe('the weekly summary of a company', () => {
  /** Three people of one company, and one of none, call tools on three days of a week. */
  async function week() {
    const { record, pass, rollUp } = world
    for (let days = 0; days < 7; days++) {
      if (days % 2 === 0 && days < 6) {
        for (const sub of ['u_ada', 'u_bob', 'u_eve'].slice(0, days / 2 + 1)) await record({ sub })
        await record({ what: { kind: 'call', tool: 'search' }, outcome: { kind: 'failed', reason: 'timeout' } })
        await record({ sub: 'u_joe', person: { email: 'joe@gmail.com', emailVerified: true } })
      }
      pass(day)
    }
    pass(30 * minute)
    await rollUp()
  }

  test('is told once, when the week is over and all of it has been counted', async () => {
    await week()
    expect(await world.summarize()).toBe(1)
    expect(await world.summarize()).toBe(0)
    world.pass(2 * 60 * minute)
    await world.send()
    expect(world.told).toMatchObject([
      {
        body: {
          type: 'company.weekly_summary',
          company: { name: 'Example', domain: 'example.com' },
          week: '2027-W02',
          from: '2027-01-11',
          to: '2027-01-17',
          people: 3,
          calls: 9,
          failures: 3,
          tools: [
            { name: 'ask_docs_question', calls: 6 },
            { name: 'search', calls: 3 },
          ],
          source: 'mcp',
        },
      },
    ])
  })

  test('is not told before the week is over, nor before its last day has been counted', async () => {
    for (let days = 0; days < 7; days++) {
      await world.record()
      world.pass(day)
      await world.rollUp()
      expect(await world.summarize()).toBe(0)
    }
    world.pass(30 * minute)
    await world.rollUp()
    expect(await world.summarize()).toBe(1)
  })

  test('is told once by two runs at the same moment, and after a crash with the same id', async () => {
    await week()
    expect(await Promise.all([world.summarize(), world.summarize(), world.summarize()])).toContain(1)
    world.pass(2 * 60 * minute)
    await world.send()
    expect(world.told).toHaveLength(1)
    // As if the note of the week had been lost.
    await world.store.remove('outbox-receivers/weekly-summaries', signal)
    await world.summarize()
    world.pass(2 * 60 * minute)
    await world.send()
    expect(new Set(world.told.map(({ id }) => id)).size).toBe(1)
  })

  test('of the first week at the turn of a year has the number of its Thursday', async () => {
    world.pass(Date.parse('2026-12-28T00:00:00Z') - Date.parse('2027-01-11T00:00:00Z'))
    await week()
    await world.summarize()
    world.pass(2 * 60 * minute)
    await world.send()
    expect(world.told).toMatchObject([{ body: { week: '2026-W53', from: '2026-12-28', to: '2027-01-03' } }])
  })
})
