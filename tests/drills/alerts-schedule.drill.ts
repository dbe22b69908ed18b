import { expect, test } from 'vitest'
import { examine } from '../../cli/doctor/examine.ts'
import type { Collector } from '../../dev/otlp/collector.ts'
import { parseStoredKeys, storeKeyOf } from '../../lib/oauth/keys/signing-keys.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { deploy } from '../support/deploy.ts'
import { answerIn, callTool } from '../support/mcp.ts'
import { callMcp, newAddress, obtainTokens, tokensOf } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import type { Stack } from '../support/stack.ts'
import { adminApi, alertSignal, later, ofRun, refreshAt, runScheduled, startWatched, type Watched } from './alert.ts'
import { expectComeBack, readAtEveryHost, watchLog } from './drill.ts'

/**
 * Scheduled functions do not run, or run and do not get on, and a setting is wrong. The operator does what docs/runbook.md says, and
 * the signal of the alert ends.
 *
 * Alerts: Misconfigured, SigningKeyIsOld, ScheduledRunsAreMissing, UsageIsCountedLate.
 */

const hour = 3600
const day = 24 * hour
const tool = 'ask_redpanda_question'
const question = { question: 'What is a grant?' }
const { signal } = new AbortController()

/** How many events of usage have been recorded. */
const recordedIn = (collector: Collector) => () => collector.spans().filter(({ name }) => name === 'put usage').length

/** A user signs in and asks a question. The usage of both is recorded. */
async function userAsks({ stack, collector, client }: Watched, email = newAddress()) {
  const tokens = await obtainTokens(client, email)
  answerIn(await callTool(stack.mcpUrl, tool, question, tokens.accessToken))
  // The approval, the code, the tokens and the question.
  await expect.poll(recordedIn(collector), ofRun).toBe(4)
  return tokens
}

test('a setting is wrong [Misconfigured]: the log names it, users who are signed in go on, and a deploy with the right value heals it', async () => {
  const { stack, collector, client } = await startWatched()
  const alert = alertSignal(collector, 'Misconfigured')
  const { accessToken, refreshToken } = await obtainTokens(client)
  const { UPSTREAM_ISSUER = '', UPSTREAM_CLIENT_ID = '' } = stack.environment
  const right = { UPSTREAM_ISSUER, UPSTREAM_CLIENT_ID }
  await stack.hosts()[0]?.kill()
  const wrong = await deploy(stack, { ...right, CRM_WEBHOOK_URL: 'ftp://crm.example.com/hook' }, stack.port)
  const log = watchLog(wrong.lines)
  expectComeBack(await client.refresh(refreshToken))
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('misconfigured', { problems: expect.stringContaining('CRM_WEBHOOK_URL must'), closed: 'sign-in' })
  expect((await adminApi(stack, stack, '/doctor')).settings).toMatchObject({ closed: ['sign-in'] })

  const healed = watchLog((await wrong.follow(right)).lines)
  collector.reset()
  const next = tokensOf(await client.refresh(refreshToken))
  expect((await callMcp(stack.mcpUrl, next.accessToken)).status).toBe(200)
  await healed.has('refresh_rotated')
  await expect.poll(() => collector.total('mcp_oauth.events', { 'mcp_oauth.event': 'refresh_rotated' }), ofRun).toBe(1)
  expect([alert.fires(), healed.of('misconfigured')]).toEqual([false, []])
  await obtainTokens(client)
})

test('no key is made for 96 days [SigningKeyIsOld]: the old one does no harm, and the next run of maintenance that can write replaces it', async () => {
  const { stack, collector, client } = await startWatched()
  const alert = alertSignal(collector, 'SigningKeyIsOld')
  const { accessToken, refreshToken } = await obtainTokens(client)
  const found = await stack.store().get(storeKeyOf(stack.url), signal)
  const { keys } = parseStoredKeys(found?.value ?? {})
  const old = keys.map((key) => ({ ...key, createdAt: key.createdAt - 96 * day }))
  await stack.store().put(storeKeyOf(stack.url), { keys: old }, signal)
  const log = watchLog(stack.logs)
  await runScheduled(stack, 'usage')
  await expect.poll(alert.fires, ofRun).toBe(true)
  expect(log.of('swept')).toEqual([])
  const during = tokensOf(await client.refresh(refreshToken))
  expect(await readAtEveryHost(stack, accessToken)).toEqual([200])

  // The store does not take the new key.
  stack.emulator.addFault({ action: 'status', status: 500, method: 'PUT', key: '^signing-keys/' })
  await runScheduled(stack, 'maintenance')
  await log.has('signing_key_rotation_failed', { error: expect.stringContaining('StoreUnavailable') })
  await log.has('swept')
  stack.emulator.clearFaults()

  collector.reset()
  await runScheduled(stack, 'maintenance')
  await log.has('signing_key_created')
  await runScheduled(stack, 'usage')
  await expect.poll(alert.fires, ofRun).toBe(false)
  const after = tokensOf(await client.refresh(during.refreshToken))
  for (const token of [accessToken, during.accessToken, after.accessToken]) {
    expect(await readAtEveryHost(stack, token)).toEqual([200])
  }
})

/** What `npm run doctor` finds, as codes. The local system has other findings as well, since it has no TLS. */
async function foundByDoctor({ url, environment }: Stack): Promise<readonly string[]> {
  const token = environment.MCP_ADMIN_WRITE_TOKEN
  const report = await examine(url, { now: Date.now, token, addressesOf: async () => [{ family: 4 }] })
  return report.findings.map(({ code }) => code)
}

test('no scheduled function runs for 30 hours [ScheduledRunsAreMissing]: only doctor tells, users notice nothing, and one run of each catches up', async () => {
  const watched = await startWatched()
  const { stack, collector, crm, client } = watched
  const alert = alertSignal(collector, 'ScheduledRunsAreMissing')
  crm.faults.webhook = { kind: 'status', status: 503 }
  const email = newAddress()
  const before = watchLog(stack.logs)
  const { refreshToken } = await userAsks(watched, email)
  await before.has('crm_webhook_failed', { reason: 'HTTP 503' })
  delete crm.faults.webhook

  await stack.hosts()[0]?.kill()
  const deployed = await later(stack, 30 * hour, {}, stack.port)
  const log = watchLog(deployed.lines)
  const statusAt = async (path: string) => (await send(deployed.url + path)).status
  expect([await statusAt('/health'), await statusAt('/health/ready')]).toEqual([200, 200])
  const next = tokensOf(await refreshAt(deployed, client, refreshToken))
  expect((await callMcp(`${deployed.url}/mcp`, next.accessToken)).status).toBe(200)
  // Metrics of other functions arrive.
  const requests = () => collector.total('http.server.request.duration', { 'http.route': '/health/ready' })
  await expect.poll(requests, ofRun).toBe(1)
  expect(alert.fires()).toBe(true)
  expect(await foundByDoctor(stack)).toContain('maintenance-late')

  await runScheduled(deployed, 'maintenance')
  await runScheduled(deployed, 'usage')
  await log.has('swept', { finished: true })
  await log.has('usage_rolled_up', { events: 4, finished: true })
  await expect.poll(alert.fires, ofRun).toBe(false)
  expect(crm.messages()).toMatchObject([{ body: { type: 'person.first_seen', email } }])
  expect(await adminApi(stack, deployed, '/usage?days=7')).toMatchObject({ calls: 1 })
  expect(await foundByDoctor(stack)).not.toContain('maintenance-late')
  tokensOf(await refreshAt(deployed, client, next.refreshToken))
})

/** How usage comes to be counted late, what the log says of it, how a refresh is answered meanwhile, and how it is repaired. */
const causes: readonly (readonly [
  what: string,
  event: string,
  fields: Readonly<Record<string, unknown>>,
  refreshed: readonly [status: number, error: string | undefined],
  change: (watched: Watched) => Readonly<Record<'wrong' | 'right', Readonly<Record<string, string>>>>,
])[] = [
  [
    'the earlier secret is missing',
    'usage_roll_up_failed',
    { error: expect.stringContaining('UnreadablePseudonymKey') },
    [401, 'invalid_client'],
    ({ stack }) => {
      const secret = { MCP_OAUTH_SECRET: newSecret() }
      const { MCP_OAUTH_SECRET: earlier = '' } = stack.environment
      return { wrong: secret, right: { ...secret, MCP_OAUTH_PREVIOUS_SECRETS: earlier } }
    },
  ],
  [
    'the store does not take what is counted',
    'usage_rolled_up',
    { finished: false },
    [200, undefined],
    ({ stack }) => {
      stack.emulator.addFault({ action: 'status', status: 500, method: 'PUT', key: '^usage-slices/' })
      return { wrong: {}, right: {} }
    },
  ],
]

test.each(causes)(
  'usage is not counted for hours [UsageIsCountedLate], because %s: no event is lost, and users go on afterwards',
  async (_what, event, fields, refreshed, change) => {
    const watched = await startWatched()
    const { stack, collector, client } = watched
    const alert = alertSignal(collector, 'UsageIsCountedLate')
    const { refreshToken } = await userAsks(watched)
    await runScheduled(await later(stack, hour), 'usage')
    await expect.poll(alert.fires, ofRun).toBe(false)
    // An hour later the user asks once more.
    const between = await later(stack, 2 * hour)
    const during = tokensOf(await refreshAt(between, client, refreshToken))
    answerIn(await callTool(`${between.url}/mcp`, tool, question, during.accessToken))
    await expect.poll(recordedIn(collector), ofRun).toBe(5)

    collector.reset()
    const { wrong, right } = change(watched)
    const failing = await later(stack, 5 * hour, wrong)
    const log = watchLog(failing.lines)
    await runScheduled(failing, 'usage')
    await log.has(event, fields)
    await expect.poll(alert.fires, ofRun).toBe(true)
    const meanwhile = await refreshAt(failing, client, during.refreshToken)
    expect([meanwhile.status, meanwhile.body.error]).toEqual(refreshed)

    stack.emulator.clearFaults()
    collector.reset()
    const repaired = await later(stack, 5 * hour, right)
    const again = watchLog(repaired.lines)
    await runScheduled(repaired, 'usage')
    await again.has('usage_rolled_up', { finished: true })
    await expect.poll(alert.fires, ofRun).toBe(false)
    expect(await adminApi(stack, repaired, '/usage?days=7')).toMatchObject({ calls: 2 })
    tokensOf(await refreshAt(repaired, client, meanwhile.body.refresh_token ?? during.refreshToken))
  },
)
