import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import Client from 'pg/lib/client.js'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDriver, type Driver, tokensOf } from '../../bench/driver.ts'
import { ask } from '../../bench/question.ts'
import { personSignsIn } from '../../dev/browser/person.ts'
import { startBalancer } from '../../dev/host/balancer.ts'
import { type LocalDatabase, startLocalDatabase } from '../../dev/postgres/local.ts'
import { repository } from '../../dev/repository.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { builtArtifact } from '../support/artifact.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Two containers behind one address, with one database: what the image runs, without the image. */

let stack: Stack
let database: LocalDatabase
let issuer: string

beforeAll(async () => {
  const port = await freePorts()
  issuer = `http://localhost:${port}`
  const settings = { MCP_OAUTH_ISSUER: issuer, REQUIRE_AUTH: 'true' }
  ;[stack, database] = await Promise.all([startStack({ settings }), startLocalDatabase(undefined)])
})
afterAll(() => Promise.all([stack?.stop(), database?.stop()]))

/** Starts a container. The test ends it, if it has not ended by itself. */
async function startContainer(settings: Record<string, string> = {}) {
  const port = await freePorts()
  const built = join(builtArtifact().directory, '..')
  const child = spawn(process.execPath, [join(repository, 'dev/run.mjs'), 'serve', '--built', built], {
    env: {
      ...stack.environment,
      PATH: process.env.PATH,
      PORT: `${port}`,
      STORE_BACKEND: 'postgres',
      DATABASE_URL: database.url,
      RUN_SCHEDULED: 'false',
      SHUTDOWN_DELAY: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const driver = createDriver({ url: issuer, port, secret: '', pid: child.pid ?? 0 }, 4)
  onTestFinished(() => driver.close())
  await expect.poll(() => output).toContain('"serving"')
  return { port, child, ended, driver, output: () => output }
}

/** How many first calls of sign-ins the database has. They are recorded after the answer. */
async function firstCalls(): Promise<number> {
  const client = new Client({
    connectionString: database.url,
    connectionTimeoutMillis: 10_000,
    fallback_application_name: 'test',
    keepAlive: false,
  })
  await client.connect()
  const { rows } = await client.query(
    "SELECT key FROM mcp_oauth_broker.records WHERE key LIKE 'attempts/%first-call%'",
    [],
  )
  await client.end()
  return rows.length
}

/** A user signs in through the balancer, and the container of `driver` exchanges the code. */
async function signIn(driver: Driver) {
  const clientId = await driver.register()
  const answer = await personSignsIn({
    authorizationUrl: driver.authorizationUrl(clientId),
    email: 'reader@example.com',
  })
  return { clientId, ...tokensOf(await driver.redeem(clientId, answer.searchParams.get('code') ?? '')) }
}

test('a user signs in through the balancer, and both containers exchange, refresh and answer', async () => {
  const [one, other] = await Promise.all([startContainer(), startContainer()])
  const balancer = await startBalancer(Number(new URL(issuer).port), () => [one.port, other.port])
  onTestFinished(() => balancer.stop())
  const { clientId, access, refresh } = await signIn(other.driver)
  expect((await one.driver.ping(access)).status).toBe(200)
  const next = tokensOf(await one.driver.refresh(clientId, refresh))
  // The other container hands out the same successor within the grace window.
  expect(tokensOf(await other.driver.refresh(clientId, refresh)).refresh).toBe(next.refresh)
  for (const { driver } of [one, other]) expect((await driver.send('GET', '/health/ready')).status).toBe(200)
})

test('SIGTERM: the container is not ready at once, answers what it has begun, records it, and ends with 0', async () => {
  const container = await startContainer({ SHUTDOWN_DELAY: '1' })
  const balancer = await startBalancer(Number(new URL(issuer).port), () => [container.port])
  onTestFinished(() => balancer.stop())
  const { access } = await signIn(container.driver)
  const before = await firstCalls()
  stack.kapa.faults.call = { kind: 'slow', milliseconds: 3000, times: 1 }
  const asked = ask(container.driver, access, '2026-07-28')
  await expect.poll(() => stack.kapa.calls().length).toBe(1)
  container.child.kill('SIGTERM')
  await expect
    .poll(async () => (await container.driver.send('GET', '/health/ready')).status, { interval: 20 })
    .toBe(503)
  // It still accepts requests, and is alive.
  expect((await container.driver.send('GET', '/health')).status).toBe(200)
  await asked
  expect(await container.ended).toBe(0)
  expect(container.output()).toContain('"stopped","unfinished":0')
  expect(await firstCalls()).toBe(before + 1)
})

test('a container that cannot reach its database is alive, not ready, and ends at once', async () => {
  const container = await startContainer({ DATABASE_URL: 'postgres://broker@127.0.0.1:1/broker' })
  expect((await container.driver.send('GET', '/health')).status).toBe(200)
  const ready = await container.driver.send('GET', '/health/ready')
  expect([ready.status, JSON.parse(ready.text).reason]).toEqual([503, 'store_unavailable'])
  container.child.kill('SIGTERM')
  expect(await container.ended).toBe(0)
})
