import { expect, onTestFinished, test } from 'vitest'
import { startCrmSink } from '../../dev/crm/server.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import type { LogFields } from '../base/log.ts'
import type { SignIn } from '../oauth/token/sign-in.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { createSignInRecorder } from './sign-ins.ts'

const ada: SignIn = {
  sub: 'user_ada',
  email: 'Ada@Example.COM',
  emailVerified: true,
  organization: { id: 'org_1', name: 'Analytical Engines' },
  client: { hash: 'client-a', name: 'Claude', host: 'claude.ai' },
  grant: 'grants/209901/user_ada/1',
  at: 1_800_000_000,
}

async function setUp(overrides: { store?: Store; crmTimeout?: number } = {}) {
  const crm = await startCrmSink({ port: 0 })
  onTestFinished(() => crm.stop())
  const store = overrides.store ?? createMemoryStore()
  const lines: { event: string; fields: LogFields | undefined }[] = []
  const { recordSignIn } = createSignInRecorder({
    store,
    crmWebhookUrl: `${crm.url}hook?key=topsecret`,
    crmTimeout: overrides.crmTimeout ?? 2000,
    log: recorded((event, fields) => lines.push({ event, fields })),
  })
  const record = (signIn: SignIn) => recordSignIn(signIn, AbortSignal.timeout(60_000))
  const read = async (key: string) => (await store.get(key, AbortSignal.timeout(60_000)))?.value
  return { crm, lines, record, read }
}

test('a first sign-in is recorded, logged and sent to the CRM [F-000-80]', async () => {
  const { crm, lines, record, read } = await setUp()
  await record(ada)
  expect(await read('users/user_ada')).toEqual({
    email: 'Ada@Example.COM',
    domain: 'example.com',
    emailVerified: true,
    organization: { id: 'org_1', name: 'Analytical Engines' },
    firstSeenAt: ada.at,
    lastSeenAt: ada.at,
  })
  expect(await read('connections/user_ada/client-a')).toEqual({
    client: { name: 'Claude', host: 'claude.ai' },
    grant: ada.grant,
    firstSeenAt: ada.at,
    lastSeenAt: ada.at,
  })
  expect(crm.received().map((delivery) => delivery.body)).toEqual([
    {
      email: 'Ada@Example.COM',
      domain: 'example.com',
      sub: 'user_ada',
      emailVerified: true,
      organization: { id: 'org_1', name: 'Analytical Engines' },
      source: 'mcp',
      timestamp: '2027-01-15T08:00:00.000Z',
    },
  ])
  expect(lines).toEqual([
    {
      event: 'mcp_user_captured',
      fields: {
        sub: 'user_ada',
        domain: 'example.com',
        emailVerified: true,
        organizationKnown: true,
        firstSeen: true,
        client: 'client-a',
      },
    },
  ])
})

test('no log line carries the email address or the webhook URL, whatever goes wrong', async () => {
  const { crm, lines, record } = await setUp()
  crm.faults.webhook = { kind: 'status', status: 500 }
  await record(ada)
  await crm.stop()
  await record({ ...ada, sub: 'user_other' })
  expect(lines.map((line) => line.event)).toEqual([
    'mcp_user_captured',
    'crm_webhook_failed',
    'mcp_user_captured',
    'crm_webhook_failed',
  ])
  expect(JSON.stringify(lines)).not.toMatch(/ada@|topsecret/i)
})

test('a later sign-in with another client moves lastSeenAt, keeps firstSeenAt, and sends nothing to the CRM', async () => {
  const { crm, lines, record, read } = await setUp()
  await record(ada)
  const later = { ...ada, at: ada.at + 60, client: { hash: 'client-b' }, organization: { name: 'Renamed' } }
  await record(later)
  expect(await read('users/user_ada')).toMatchObject({
    organization: { name: 'Renamed' },
    firstSeenAt: ada.at,
    lastSeenAt: later.at,
  })
  expect(await read('connections/user_ada/client-a')).toMatchObject({ firstSeenAt: ada.at, lastSeenAt: ada.at })
  expect(await read('connections/user_ada/client-b')).toMatchObject({
    client: { name: null, host: null },
    lastSeenAt: later.at,
  })
  expect(crm.received()).toHaveLength(1)
  expect(lines.map((line) => line.fields?.firstSeen)).toEqual([true, false])
})

test('of 50 concurrent first sign-ins exactly one counts as the first', async () => {
  const { crm, lines, record } = await setUp()
  await Promise.all(Array.from({ length: 50 }, (_, index) => record({ ...ada, client: { hash: `client-${index}` } })))
  expect(lines.filter((line) => line.fields?.firstSeen === true)).toHaveLength(1)
  expect(lines).toHaveLength(50)
  expect(crm.received()).toHaveLength(1)
})

test('the CRM is told that an address is unverified, or that the provider did not say (F-000-72)', async () => {
  const { crm, record, read } = await setUp()
  const { emailVerified: _, ...silent } = ada
  await record({ ...ada, sub: 'user_unverified', emailVerified: false })
  await record({ ...silent, sub: 'user_silent' })
  expect(await read('users/user_unverified')).toMatchObject({ emailVerified: false })
  expect(await read('users/user_silent')).toMatchObject({ emailVerified: null })
  expect(crm.received().map((delivery) => delivery.body)).toMatchObject([
    { emailVerified: false },
    { emailVerified: null },
  ])
})

test('a sign-in without an email address keeps the stored address', async () => {
  const { record, read } = await setUp()
  const { email: _, emailVerified: __, ...anonymous } = ada
  await record(ada)
  await record({ ...anonymous, at: ada.at + 1 })
  expect(await read('users/user_ada')).toMatchObject({
    email: 'Ada@Example.COM',
    emailVerified: true,
    lastSeenAt: ada.at + 1,
  })
})

test('a CRM that redirects, is slow or never answers is logged and delays no sign-in', async () => {
  const { crm, lines, record } = await setUp({ crmTimeout: 500 })
  crm.faults.webhook = { kind: 'status', status: 302, location: '/thanks' }
  await record({ ...ada, sub: 'user_1' })
  crm.faults.webhook = { kind: 'never' }
  await record({ ...ada, sub: 'user_2' })
  expect(lines.filter((line) => line.event === 'crm_webhook_failed').map((line) => line.fields)).toEqual([
    { sub: 'user_1', reason: 'TypeError' },
    { sub: 'user_2', reason: 'TimeoutError' },
  ])
})

test('while the store is down the log line is still written, and the caller learns of the outage', async () => {
  const memory = createMemoryStore()
  const down: Store = { ...memory, create: () => Promise.reject(new StoreUnavailable('down')) }
  const { crm, lines, record } = await setUp({ store: down })
  await expect(record(ada)).rejects.toBeInstanceOf(StoreUnavailable)
  expect(lines.map((line) => line.fields?.firstSeen)).toEqual([undefined])
  expect(crm.received()).toEqual([])
})

test('the CRM is notified of a new user even if the connection cannot be stored', async () => {
  const memory = createMemoryStore()
  const store: Store = {
    ...memory,
    create: (key, value, signal) =>
      key.startsWith('connections/') ? Promise.reject(new StoreUnavailable('down')) : memory.create(key, value, signal),
  }
  const { crm, record } = await setUp({ store })
  await expect(record(ada)).rejects.toBeInstanceOf(StoreUnavailable)
  expect(crm.received()).toHaveLength(1)
})
