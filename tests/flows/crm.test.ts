import { decodeJwt } from 'jose'
import * as v from 'valibot'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startCrmSink } from '../../dev/crm/server.ts'
import { startSink } from '../../dev/sink.ts'
import { crmSecret } from '../../dev/start/local-env.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { openRecord, readWaitingKey, waitingKey } from '../../lib/people/outbox/message.ts'
import { countedEvent, eventKey } from '../../lib/people/usage/event-key.ts'
import { settleTime } from '../../lib/people/usage/roll-up.ts'
import { outboxSeals } from '../../lib/service/outbox-seals.ts'
import { parseSecret } from '../../lib/settings/secrets.ts'
import type { Store } from '../../lib/store/store.ts'
import { deploy, deploySameIssuer } from '../support/deploy.ts'
import { type OAuthClient, obtainCodeByMock, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

/** Milliseconds for work after an answer. A test waits that long only if it fails. */
const patience = 10_000
const { signal } = new AbortController()
const day = 86_400_000
/** Milliseconds: a minute more than what the rollup waits. */
const settled = settleTime + 60_000

let stack: Stack
let store: Store
let client: OAuthClient
let number = 0

beforeAll(async () => {
  stack = await startStack({ deployContext: 'production' })
  store = stack.store()
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())
beforeEach(async () => {
  // The test before may have ended when the CRM had its message, but the outbox had not yet lost it.
  await vi.waitFor(async () => expect(await waiting()).toEqual([]), patience)
  stack.crm.reset()
})

const waiting = async () => (await store.list('outbox/', signal)).keys
const runScheduled = (url = stack.url) => fetch(`${url}/.netlify/functions/usage`, { method: 'POST' })

/** How many attempts have failed, as the log says. */
const failures = () => stack.logs.filter((line) => line.includes('"crm_webhook_failed"')).length

/** A new person signs in. */
async function signIn() {
  number += 1
  const email = `person-${number}@crm-flow.example`
  const { accessToken } = await obtainTokens(client, email)
  return { email, sub: String(decodeJwt(accessToken).sub) }
}

/** A deploy with its own settings, at which the mock's made-up user signs in for the first time. */
async function deployAndSignIn(settings: Readonly<Record<string, string>>) {
  const deployed = await deploy(stack, { MCP_NOTIFY_WITH_MOCK: 'true', ...settings })
  const visitor = await registerClient(deployed.url)
  const { request, code } = await obtainCodeByMock(visitor)
  tokensOf(await visitor.redeem(request, code))
  return deployed
}

/** Makes every waiting message due, as if its first attempt had been two minutes ago. */
async function letTimePass(): Promise<void> {
  const current = parseSecret(stack.environment.MCP_OAUTH_SECRET ?? '') ?? new Uint8Array()
  const { seal } = outboxSeals(createSealing(stack.url, { current, previous: [], retired: [] }))
  for (const key of await waiting()) {
    const stored = await store.get(key, signal)
    const [record, place] = [stored && openRecord(seal, key, stored.value), readWaitingKey(key)]
    if (!record || !place) continue
    const earlier = waitingKey({ ...place, due: place.due - 600, giveUpAt: place.giveUpAt - 600 })
    await store.create(earlier, { sealed: seal.seal({ ...record, key: earlier }) }, signal)
    await store.remove(key, signal)
  }
}

test('a first sign-in is told to the CRM in a signed message, in the members of the first release, and leaves nothing in the outbox [F-000-80]', async () => {
  const { email, sub } = await signIn()
  await vi.waitFor(() => expect(stack.crm.messages()).toHaveLength(1), patience)
  expect(stack.crm.messages()).toMatchObject([
    {
      verified: true,
      id: expect.stringMatching(/^msg_[\w-]{32}$/),
      body: { type: 'person.first_seen', email, sub, domain: 'crm-flow.example', emailVerified: true, source: 'mcp' },
    },
  ])
  await vi.waitFor(async () => expect(await waiting()).toEqual([]), patience)
})

testOnBlobs.each([
  ['answers 503', { kind: 'status', status: 503 }],
  ['redirects', { kind: 'status', status: 307, location: '/elsewhere' }],
  ['closes the connection', { kind: 'close' }],
  ['answers 404 without end', { kind: 'status', status: 404 }],
] as const)(
  'a CRM that %s delays no sign-in and loses nothing: the scheduled function tells it later, with the same id',
  async (_what, fault) => {
    stack.crm.faults.webhook = fault
    const before = failures()
    const { email } = await signIn()
    await vi.waitFor(() => expect(failures()).toBe(before + 1), patience)
    const [key = '', ...others] = await waiting()
    expect(others).toEqual([])
    expect(stack.emulator.inspect('mcp-oauth-broker', key)?.body).not.toContain('crm-flow.example')
    await letTimePass()
    delete stack.crm.faults.webhook
    expect((await runScheduled()).status).toBe(200)
    expect(stack.crm.messages()).toMatchObject([{ verified: true, body: { email } }])
    expect(new Set(stack.crm.received().map(({ id }) => id)).size).toBe(1)
    expect(await waiting()).toEqual([])
  },
)

test('a CRM that accepts a message and then sends without end harms nothing', async () => {
  stack.crm.faults.webhook = { kind: 'endless' }
  await signIn()
  await vi.waitFor(() => expect(stack.crm.received()).toHaveLength(1), patience)
  await vi.waitFor(async () => expect(await waiting()).toEqual([]), patience)
  stack.crm.reset()
  await signIn()
  await vi.waitFor(() => expect(stack.crm.messages()).toHaveLength(1), patience)
})

testOnBlobs(
  'an instance that is killed after the CRM got the message, and before it noted that, sends it again with the same id',
  async () => {
    stack.emulator.addFault({ action: 'hang', method: 'DELETE', key: '^outbox/' })
    await signIn()
    await vi.waitFor(() => expect(stack.crm.messages()).toHaveLength(1), patience)
    await stack.hosts()[0]?.kill()
    stack.emulator.clearFaults()
    await stack.restartHost(0)
    await letTimePass()
    await runScheduled()
    expect(stack.crm.received()).toHaveLength(2)
    expect(stack.crm.messages()).toHaveLength(1)
    expect(await waiting()).toEqual([])
  },
)

describe('settings', () => {
  test('CRM_WEBHOOK_SECRET and CRM_WEBHOOK_PREVIOUS_SECRET: while the secret changes, the receiver may verify with either', async () => {
    const next = `whsec_${Buffer.from('the next secret of the CRM, 32 bytes').toString('base64')}`
    const receivers = await Promise.all([crmSecret, next].map((secret) => startCrmSink({ port: 0, secret })))
    for (const receiver of receivers) {
      onTestFinished(receiver.stop)
      const settings = {
        CRM_WEBHOOK_SECRET: next,
        CRM_WEBHOOK_PREVIOUS_SECRET: crmSecret,
        CRM_WEBHOOK_URL: receiver.url,
      }
      await deployAndSignIn(settings)
      await vi.waitFor(() => expect(receiver.messages()).toMatchObject([{ verified: true }]), patience)
    }
  })

  test('CRM_WEBHOOK_EVENTS: the CRM is told about these events only', async () => {
    const { lines } = await deployAndSignIn({ CRM_WEBHOOK_EVENTS: 'company.weekly_summary' })
    await vi.waitFor(() => expect(lines.join('\n')).toContain('"mcp_user_captured"'), patience)
    expect([stack.crm.received(), await waiting()]).toEqual([[], []])
  })

  test('MCP_CAPTURE_URL gets what usage has counted, with MCP_CAPTURE_KEY, without an address or an id of ours', async () => {
    const capture = await startSink({
      port: 0,
      path: '/batch/',
      about: 'takes events',
      read: (text) => ({
        body: v.parse(v.object({ api_key: v.string(), batch: v.array(v.unknown()) }), JSON.parse(text)),
      }),
      faults: {},
      schema: v.object({}),
      take: () => undefined,
    })
    onTestFinished(capture.stop)
    await signIn()
    const keyOfNames = `usage-keys/${sha256(stack.url)}`
    const stored = await vi.waitFor(async () => {
      const found = await store.get(keyOfNames, signal)
      expect(found).not.toBeNull()
      return found
    }, patience)
    // As if the service had been in use since yesterday. In the first minutes of a day, the day before is not counted yet.
    const at = Math.floor((Date.now() - settled) / day) * day - day / 2
    await store.put(keyOfNames, { ...stored?.value, createdAt: at }, signal)
    const names = { person: () => 'p'.repeat(20), company: () => 'c'.repeat(20), client: () => 'k'.repeat(20) }
    const event = {
      at,
      sub: 'u_x',
      what: { kind: 'call', tool: 'search' },
      outcome: { kind: 'ok' },
      milliseconds: 9,
    } as const
    const yesterday = new Date(at).toISOString().slice(0, 10).replaceAll('-', '')
    const events = stack.store(`mcp-oauth-broker-usage-${yesterday}`)
    await events.put(eventKey(countedEvent(event, 'organization:x', names)), {}, signal)

    const settings = { MCP_CAPTURE_URL: `http://localhost:${capture.port}`, MCP_CAPTURE_KEY: 'phc_project_key' }
    const { url } = await deploySameIssuer(stack, settings)
    await vi.waitFor(async () => {
      await runScheduled(url)
      expect(capture.received().length).toBeGreaterThan(0)
    }, 60_000)
    const [{ body } = { body: undefined }] = capture.received()
    expect(body?.api_key).toBe('phc_project_key')
    expect(body?.batch[0]).toMatchObject({
      event: 'docs tool called',
      distinct_id: expect.stringMatching(/^[\w-]{20}$/),
      properties: { tool: 'search', outcome: 'ok', company: expect.any(String) },
    })
    expect(JSON.stringify(capture.received().map(({ body }) => body))).not.toMatch(/@|u_x\b|p{20}|c{20}|k{20}/)
    // The events wait until the receiver has them; then they are dropped.
    await vi.waitFor(async () => {
      await runScheduled(url)
      expect((await events.list('', signal)).keys).toEqual([])
    }, 60_000)
  })
})
