import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { kapaApiKey, keptSecret, localEnvironment, newSecret, personalSettings } from './local-env.ts'
import { checkPorts, freePorts, parsePort } from './ports.ts'
import { findRunning, noteRunning, noteStopped } from './running.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

const world = {
  url: 'http://localhost:8888',
  secret: newSecret(),
  siteId: 'site',
  provider: { issuer: 'http://localhost:8889', clientId: 'local' },
  kapa: { url: 'http://localhost:8890' },
  crm: { url: 'http://localhost:8891' },
}

test('without settings of one’s own everything points at this machine, with signing in required', () => {
  expect(localEnvironment(world)).toMatchObject({
    URL: 'http://localhost:8888',
    MCP_OAUTH_ISSUER: 'http://localhost:8888',
    MCP_OAUTH_SECRET: world.secret,
    UPSTREAM_ISSUER: 'http://localhost:8889',
    UPSTREAM_CLIENT_ID: 'local',
    KAPA_MCP_SERVER_URL: 'http://localhost:8890',
    KAPA_API_KEY: kapaApiKey,
    CRM_WEBHOOK_URL: 'http://localhost:8891',
    REQUIRE_AUTH: 'true',
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
  })
})

test('one’s own settings win, and a tenant of one’s own is never mixed with the local client', () => {
  const settings = { REQUIRE_AUTH: 'false', REDPANDA_OAUTH_ISSUER: 'https://tenant.test', KAPA_API_KEY: 'mine' }
  const environment = localEnvironment({ ...world, settings })
  expect(environment).toMatchObject(settings)
  for (const name of ['UPSTREAM_ISSUER', 'UPSTREAM_CLIENT_ID', 'KAPA_MCP_SERVER_URL']) {
    expect(environment).not.toHaveProperty(name)
  }
})

test('settings come from .env and from the environment, which wins; the rest of a shell stays out', async () => {
  const file = join(folder, '.env')
  await writeFile(file, 'KAPA_API_KEY=from-file\nREQUIRE_AUTH=false\nANYTHING=else\n')
  const environment = {
    KAPA_API_KEY: 'from-shell',
    PATH: '/bin',
    UPSTREAM_ISSUER: 'https://tenant.test',
    HOME: '/home/x',
  }
  expect(await personalSettings(environment, file)).toEqual({
    KAPA_API_KEY: 'from-shell',
    REQUIRE_AUTH: 'false',
    ANYTHING: 'else',
    UPSTREAM_ISSUER: 'https://tenant.test',
  })
  expect(await personalSettings({}, join(folder, 'no-such-file'))).toEqual({})
})

test('the secret is made once, for its owner’s eyes only', async () => {
  const directory = join(folder, 'state')
  const secret = await keptSecret(directory)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(await keptSecret(directory)).toBe(secret)
  expect((await stat(join(directory, 'secret'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(directory, 'secret'), 'utf8')).toContain(secret)
})

test('a damaged secret is never replaced by a new one without asking', async () => {
  const directory = join(folder, 'damaged')
  await keptSecret(directory)
  await writeFile(join(directory, 'secret'), 'torn')
  await expect(keptSecret(directory)).rejects.toThrow(/secret is damaged.*npm run reset/)
})

test.each(['0', '80x', '-1', '65531', '99999', ' '])('PORT=%j is refused in one line', (value) => {
  expect(() => parsePort(value)).toThrow(/^PORT is ".*"; it has to be a number from 1 to 65530\.$/)
})

test('PORT: 8888 if it is not set', () => {
  expect([undefined, '', '1', '65530'].map(parsePort)).toEqual([8888, 8888, 1, 65_530])
})

test.each([
  ['127.0.0.1', 0, 'the app'],
  ['127.0.0.1', 2, 'the Kapa stand-in'],
  ['::1', 5, 'Blobs'],
])('a port in use on %s is named, with what needs it and the way out', async (host, offset, use) => {
  const app = await freePorts()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(app + offset, host, resolve))
  onTestFinished(() => void server.close())
  await expect(checkPorts(app)).rejects.toThrow(new RegExp(`^Port ${app + offset} is in use; ${use}.*PORT=`))
})

test('what runs is found by its state folder; one that was killed is not', async () => {
  const directory = join(folder, 'running')
  expect(await findRunning(directory)).toBeNull()
  const app = await freePorts()
  await noteRunning(directory, app)
  expect(await findRunning(directory)).toBeNull()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(app, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  expect(await findRunning(directory)).toEqual({ pid: process.pid, port: app })
  await noteStopped(directory)
  expect(await findRunning(directory)).toBeNull()
})
