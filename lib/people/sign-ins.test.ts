import { expect, onTestFinished, test } from 'vitest'
import { startCrmSink } from '../../dev/crm/server.ts'
import { createOutboxSeals } from '../../dev/worlds/outbox.ts'
import { personalDataForTests } from '../../dev/worlds/personal-data.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import type { LogFields } from '../base/log.ts'
import type { SignIn } from '../oauth/token/sign-in.ts'
import { createMemoryStore } from '../store/memory.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { eventTypes } from './outbox/event-types.ts'
import { createCrmNews } from './outbox/news.ts'
import { createOutbox } from './outbox/outbox.ts'
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
  const log = recorded((event, fields) => lines.push({ event, fields }))
  const webhook = { url: `${crm.url}hook?key=topsecret`, secrets: [] }
  const timeout = overrides.crmTimeout ?? 2000
  const outbox = createOutbox({ store, ...createOutboxSeals(), webhook, now: Date.now, log, timeout })
  const crmNews = createCrmNews({ outbox, events: new Set(eventTypes) })
  const { recordSignIn } = createSignInRecorder({
    store,
    personalData: personalDataForTests('none'),
    log,
    crmNews: async () => crmNews,
  })
  const record = (signIn: SignIn) => recordSignIn(signIn, AbortSignal.timeout(60_000))
  const read = async (key: string) => (await store.get(key, AbortSignal.timeout(60_000)))?.value
  const waiting = async () => (await store.list('outbox/', AbortSignal.timeout(60_000))).keys
  return { crm, lines, record, read, waiting }
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
      type: 'person.first_seen',
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
  const later = {
    ...ada,
    at: ada.at + 60,
    client: { hash: 'client-b' },
    organization: { id: 'org_1', name: 'Renamed' },
  }
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

test('a CRM that redirects or never answers is logged, and the message waits in the outbox', async () => {
  const { crm, lines, record, waiting } = await setUp({ crmTimeout: 500 })
  crm.faults.webhook = { kind: 'status', status: 302, location: '/thanks' }
  await record({ ...ada, sub: 'user_1' })
  crm.faults.webhook = { kind: 'never' }
  await record({ ...ada, sub: 'user_2' })
  expect(lines.filter((line) => line.event === 'crm_webhook_failed').map((line) => line.fields)).toMatchObject([
    { sub: 'user_1', type: 'person.first_seen', reason: 'HTTP 302' },
    { sub: 'user_2', type: 'person.first_seen', reason: 'TimeoutError' },
  ])
  expect((await waiting()).map((key) => key.split('.').at(-1)).sort()).toEqual(['user_1', 'user_2'])
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

test('a sign-in with another company tells the CRM both companies, once', async () => {
  const { crm, record, waiting } = await setUp()
  await record(ada)
  const moved = { ...ada, at: ada.at + 60, organization: { id: 'org_2', name: 'Difference Engines' } }
  await record(moved)
  await record({ ...moved, at: ada.at + 120 })
  expect(crm.received().map(({ body }) => body)).toMatchObject([
    { type: 'person.first_seen' },
    {
      type: 'person.company_changed',
      sub: 'user_ada',
      email: 'Ada@Example.COM',
      previousCompany: { id: 'organization:org_1', name: 'Analytical Engines', domain: 'example.com' },
      company: { id: 'organization:org_2', name: 'Difference Engines', domain: 'example.com' },
      source: 'mcp',
      timestamp: '2027-01-15T08:01:00.000Z',
    },
  ])
  expect(await waiting()).toEqual([])
})

test('another name of the same company, or another address there, is no change of company', async () => {
  const { crm, record } = await setUp()
  const { organization: _, ...single } = ada
  await record(ada)
  await record({ ...ada, organization: { id: 'org_1', name: 'Renamed' } })
  await record({ ...single, sub: 'user_single' })
  await record({ ...single, sub: 'user_single', email: 'lovelace@example.com' })
  expect(crm.received().map(({ body }) => body)).toMatchObject([
    { type: 'person.first_seen', sub: 'user_ada' },
    { type: 'person.first_seen', sub: 'user_single' },
  ])
})

test('a change from a personal address to that of a company counts, and an unverified address proves nothing', async () => {
  const { crm, record } = await setUp()
  const { organization: _, ...single } = ada
  await record({ ...single, email: 'ada@gmail.com' })
  await record({ ...single, email: 'ada@example.com', emailVerified: false })
  await record({ ...single, email: 'ada@example.com' })
  expect(
    crm
      .received()
      .slice(1)
      .map(({ body }) => body),
  ).toMatchObject([{ type: 'person.company_changed', previousCompany: null, company: { id: 'domain:example.com' } }])
})

test('a sign-in that is cut off before the user is recorded loses no message: the next one sends it with the same id', async () => {
  const memory = createMemoryStore()
  let down = true
  const store: Store = {
    ...memory,
    create: (key, value, signal) =>
      down && key.startsWith('users/')
        ? Promise.reject(new StoreUnavailable('down'))
        : memory.create(key, value, signal),
  }
  const { crm, record, waiting } = await setUp({ store })
  await expect(record(ada)).rejects.toBeInstanceOf(StoreUnavailable)
  const [left = ''] = await waiting()
  down = false
  await record({ ...ada, at: ada.at + 5 })
  expect(left).toContain(`.${crm.received()[0]?.id}.user_ada`)
})

test('events that the operator does not want are neither stored nor sent', async () => {
  const store = createMemoryStore()
  const crm = await startCrmSink({ port: 0 })
  onTestFinished(() => crm.stop())
  const log = recorded()
  const outbox = createOutbox({
    ...{ store, ...createOutboxSeals(), now: Date.now, log },
    webhook: { url: crm.url, secrets: [] },
  })
  const crmNews = createCrmNews({ outbox, events: new Set() })
  const { recordSignIn } = createSignInRecorder({
    store,
    personalData: personalDataForTests('none'),
    log,
    crmNews: async () => crmNews,
  })
  const signal = AbortSignal.timeout(60_000)
  await recordSignIn(ada, signal)
  await recordSignIn({ ...ada, organization: { id: 'org_2' } }, signal)
  expect([crm.received(), (await store.list('outbox/', signal)).keys]).toEqual([[], []])
})
