import { expect, test } from 'vitest'
import { localAdminEmail } from '../../dev/start/local-env.ts'
import { inParallel } from '../../lib/base/in-parallel.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { lifetime, waitingKey } from '../../lib/people/outbox/message.ts'
import { outboxSeals } from '../../lib/service/outbox-seals.ts'
import { parseSecret } from '../../lib/settings/secrets.ts'
import { open, signInToAccount } from '../support/account.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { newAddress, obtainTokens, tokensOf } from '../support/oauth-client.ts'
import type { Stack } from '../support/stack.ts'
import { adminApi, alertSignal, later, ofRun, refreshAt, runScheduled, startWatched } from './alert.ts'
import { watchLog } from './drill.ts'

/**
 * The CRM takes no messages, or the collector takes no spans and metrics. The operator does what docs/runbook.md says, and the signal
 * of the alert ends.
 *
 * Alerts: MessagesGivenUp, MessagesWait, TelemetryDropped.
 */

const hour = 3600
const { signal } = new AbortController()
const waiting = async (stack: Stack) => (await stack.store().list('outbox/', signal)).keys

test('the CRM is down for three days [MessagesGivenUp]: an admin sees the message and replays it, and it arrives with its id', async () => {
  const { stack, collector, crm, client } = await startWatched()
  const alert = alertSignal(collector, 'MessagesGivenUp')
  crm.faults.webhook = { kind: 'status', status: 503 }
  const email = newAddress()
  const first = watchLog(stack.logs)
  const { refreshToken } = await obtainTokens(client, email)
  await first.has('crm_webhook_failed', { reason: 'HTTP 503' })
  await runScheduled(stack, 'usage')
  await expect.poll(alert.fires, ofRun).toBe(false)

  const deployed = await later(stack, 73 * hour)
  const log = watchLog(deployed.lines)
  await runScheduled(deployed, 'usage')
  await log.has('crm_webhook_dead', { type: 'person.first_seen', reason: 'HTTP 503' })
  await expect.poll(alert.fires, ofRun).toBe(true)
  const [sent] = crm.received()
  const { messages } = await adminApi(stack, stack, '/webhooks')
  expect(messages).toMatchObject([{ id: sent?.id, type: 'person.first_seen', failure: 'HTTP 503' }])
  expect((await adminApi(stack, stack, '/doctor')).dead_messages).toBe(1)
  const { browser } = await signInToAccount(stack.url, { email: localAdminEmail })
  expect((await open(browser, `${stack.url}/admin/webhooks`)).html).toContain('HTTP 503')

  delete crm.faults.webhook
  expect(await adminApi(stack, stack, '/webhooks/replay', { all: true })).toEqual({ replayed: 1 })
  collector.reset()
  await runScheduled(stack, 'usage')
  await expect.poll(alert.fires, ofRun).toBe(false)
  expect(crm.messages()).toMatchObject([{ id: sent?.id, body: { type: 'person.first_seen', email } }])
  expect([await waiting(stack), (await adminApi(stack, stack, '/webhooks')).messages]).toEqual([[], []])
  tokensOf(await refreshAt(deployed, client, refreshToken))
})

/** Messages about people who signed in while the CRM was down. */
const many = 520

/** Puts messages into the outbox whose first attempt has failed. */
async function fillOutbox(stack: Stack): Promise<readonly string[]> {
  const current = parseSecret(stack.environment.MCP_OAUTH_SECRET ?? '') ?? new Uint8Array()
  const { seal } = outboxSeals(createSealing(stack.url, { current, previous: [], retired: [] }))
  const [store, due] = [stack.store(), Math.floor(Date.now() / 1000) - 60]
  const ids = Array.from({ length: many }, (_, index) => `msg_${String(index).padStart(32, '0')}`)
  await inParallel(ids, 16, async (id) => {
    const message = { id, type: 'person.first_seen' as const, at: Date.now(), body: JSON.stringify({ id }) }
    const key = waitingKey({ due, giveUpAt: due + lifetime, id })
    await store.create(key, { sealed: seal.seal({ ...message, key, attempts: 0 }) }, signal)
  })
  return ids
}

test.each([
  ['answers 503', 503],
  ['answers 410', 410],
])(
  'the CRM %s for hours [MessagesWait]: users sign in, and every message arrives once it is repaired',
  async (_what, status) => {
    const { stack, collector, crm, client } = await startWatched()
    const alert = alertSignal(collector, 'MessagesWait')
    const log = watchLog(stack.logs)
    crm.faults.webhook = { kind: 'status', status }
    const ids = await fillOutbox(stack)
    await runScheduled(stack, 'usage')
    await expect.poll(alert.fires, ofRun).toBe(true)
    await log.has('crm_webhook_failed', { reason: `HTTP ${status}` })
    if (status === 410) await log.has('crm_webhook_gone')
    const { refreshToken } = await obtainTokens(client)
    await log.has('mcp_user_captured')

    delete crm.faults.webhook
    if (status === 410) {
      // The receiver is remembered as gone, until the operator says otherwise.
      await runScheduled(stack, 'usage')
      expect(crm.messages()).toEqual([])
      expect(await adminApi(stack, stack, '/webhooks/replay', { all: true })).toEqual({ replayed: 0 })
    }
    collector.reset()
    await expect
      .poll(async () => {
        await runScheduled(stack, 'usage')
        return alert.fires()
      }, ofRun)
      .toBe(false)
    // Messages whose attempt has failed are due later.
    const deployed = await later(stack, hour)
    await expect
      .poll(async () => {
        await runScheduled(deployed, 'usage')
        return waiting(stack)
      }, ofRun)
      .toEqual([])
    const arrived = new Set(crm.messages().map(({ id }) => id))
    expect([arrived.size, ids.filter((id) => !arrived.has(id))]).toEqual([many + 1, []])
    // Such a run has more spans than are kept of one trace. That is no fault of the collector.
    expect(alertSignal(collector, 'TelemetryDropped').fires()).toBe(true)
    expect(log.of('telemetry_failed')).toEqual([])
    tokensOf(await client.refresh(refreshToken))
  },
)

/** More requests than an instance keeps spans. */
const flood = 2200

/** Asks that often, and gets an answer each time. */
async function ask(url: string, count: number): Promise<void> {
  const statuses = await inParallel(Array.from({ length: count }), 16, async () => {
    const answer = await fetch(`${url}/health`)
    await answer.arrayBuffer()
    return answer.status
  })
  expect([...new Set(statuses)]).toEqual([200])
}

test('the collector is away while an instance works [TelemetryDropped]: no answer fails, and nothing is dropped once it is back', async () => {
  const { stack, collector, client } = await startWatched()
  const alert = alertSignal(collector, 'TelemetryDropped')
  const log = watchLog(stack.logs)
  const { refreshToken } = await obtainTokens(client)
  const told = () => collector.total('http.server.request.duration', { 'http.route': '/health' })
  /** Asks until the collector has this many requests and spans. It is asked again after a pause. */
  const catchesUp = (url: string, requests: number, spans: number) =>
    expect
      .poll(
        async () => {
          await ask(url, 1)
          return told() >= requests && collector.spans().length >= spans
        },
        { ...ofRun, interval: 200 },
      )
      .toBe(true)
  const away = { kind: 'status', status: 503 } as const

  collector.fault = away
  await ask(stack.url, flood)
  const next = tokensOf(await client.refresh(refreshToken))
  await log.has('telemetry_failed', { signal: 'traces', reason: 'HTTP 503' })
  collector.fault = undefined
  await catchesUp(stack.url, flood, 2000)
  await expect.poll(alert.fires, ofRun).toBe(true)
  // What was dropped before is told before this.
  await catchesUp(stack.url, told() + 1, 2000)
  collector.reset()
  await ask(stack.url, 100)
  await expect.poll(told, ofRun).toBeGreaterThanOrEqual(100)
  expect(alert.fires()).toBe(false)

  // Of a sample, an instance keeps the spans of a longer time.
  const sampled = await deploySameIssuer(stack, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' })
  collector.reset()
  collector.fault = away
  await ask(sampled.url, flood)
  collector.fault = undefined
  await catchesUp(sampled.url, flood, 100)
  await catchesUp(sampled.url, told() + 1, 100)
  expect(alert.fires()).toBe(false)
  tokensOf(await client.refresh(next.refreshToken))
})
