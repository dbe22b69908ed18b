import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { newSecret } from '../../lib/settings/secrets.ts'
import { kapaProjectId } from '../kapa/server.ts'
import { repository } from '../repository.ts'
import { parseEnvFile } from './env-file.ts'
import {
  kapaApiKey,
  keptSecret,
  localAdminEmail,
  localEnvironment,
  ownParts,
  personalSettings,
  unknownSettings,
} from './local-env.ts'
import { checkPorts, freePorts, localUrl, parsePort, portsFrom } from './ports.ts'
import { findRunning, takeState } from './running.ts'
import { clearState, defaultState, openState } from './state.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

const world = {
  url: 'http://localhost:8888',
  secret: newSecret(),
  adminToken: newSecret(),
  siteId: 'site',
  provider: { issuer: 'http://localhost:8889', clientId: 'local' },
  kapa: { url: 'http://localhost:8890' },
  crm: { url: 'http://localhost:8891' },
  hub: { url: 'http://localhost:8894/mcp', docsUrl: 'http://localhost:8894/doc' },
  forms: { url: 'http://localhost:8895/home/' },
}

test('without settings of the user every service is on this machine, and a sign-in is required', () => {
  expect(localEnvironment(world)).toMatchObject({
    URL: 'http://localhost:8888',
    MCP_OAUTH_ISSUER: 'http://localhost:8888',
    MCP_OAUTH_SECRET: world.secret,
    UPSTREAM_ISSUER: 'http://localhost:8889',
    UPSTREAM_CLIENT_ID: 'local',
    MCP_ADMINS: localAdminEmail,
    KAPA_MCP_SERVER_URL: 'http://localhost:8890',
    KAPA_API_KEY: kapaApiKey,
    MCP_API_HUB_URL: 'http://localhost:8894/mcp',
    MCP_API_DOCS_URL: 'http://localhost:8894/doc',
    MCP_FEEDBACK_FORM_PATH: 'http://localhost:8895/home/',
    CRM_WEBHOOK_URL: 'http://localhost:8891',
    REQUIRE_AUTH: 'true',
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
  })
})

test('settings of the user win, and a tenant of the user is never mixed with the local client', () => {
  const settings = { REQUIRE_AUTH: 'false', REDPANDA_OAUTH_ISSUER: 'https://tenant.test', KAPA_API_KEY: 'mine' }
  const environment = localEnvironment(world, settings)
  expect(environment).toMatchObject(settings)
  for (const name of ['UPSTREAM_ISSUER', 'UPSTREAM_CLIENT_ID', 'MCP_ADMINS', 'KAPA_MCP_SERVER_URL']) {
    expect(environment).not.toHaveProperty(name)
  }
})

test('with a Kapa project the stand-in is called only by its REST API, not over MCP', () => {
  const environment = localEnvironment(world, { KAPA_PROJECT_ID: kapaProjectId })
  expect(environment).toMatchObject({ KAPA_API_URL: 'http://localhost:8890', KAPA_API_KEY: kapaApiKey })
  expect(environment).not.toHaveProperty('KAPA_MCP_SERVER_URL')
})

test('a hub, hub pages and a form of the user replace the stand-ins', () => {
  for (const settings of [{ MCP_API_HUB_URL: 'off' }, { MCP_API_DOCS_URL: 'https://docs.example/api' }]) {
    const environment = localEnvironment(world, settings)
    expect(Object.entries(environment).filter(([name]) => name.startsWith('MCP_API_'))).toEqual(
      Object.entries(settings),
    )
  }
  expect(localEnvironment(world, { MCP_FEEDBACK_FORM_PATH: '/forms/' })).toMatchObject({
    MCP_FEEDBACK_FORM_PATH: '/forms/',
  })
})

test('settings come from .env and from the environment, which wins; other variables of the shell are not passed on', async () => {
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

test('the variables that Node reads for certificates and proxies are passed on, and are not reported', async () => {
  const file = join(folder, '.env-network')
  await writeFile(file, 'NODE_EXTRA_CA_CERTS=/etc/ca-of-file.pem\nhttps_proxy=http://proxy.test:3128\n')
  const environment = { NODE_EXTRA_CA_CERTS: '/etc/ca.pem', NODE_USE_ENV_PROXY: '1', NODE_OPTIONS: '--inspect' }
  const settings = await personalSettings(environment, file)
  expect(settings).toEqual({
    NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
    NODE_USE_ENV_PROXY: '1',
    https_proxy: 'http://proxy.test:3128',
  })
  expect(unknownSettings(settings)).toEqual([])
  expect(localEnvironment(world, settings)).toMatchObject({ NODE_EXTRA_CA_CERTS: '/etc/ca.pem' })
})

test('unreadable lines of .env stop the start: each is named by its number, without its value', async () => {
  const file = join(folder, '.env-broken')
  await writeFile(file, 'REQUIRE_AUTH=true\nhunter2\nKAPA_API_KEY="hunter2\nMCP_BRAND_COLOR=#1f6feb\n')
  const error = await personalSettings({}, file).catch((error: unknown) => String(error))
  expect(error).toMatch(
    /^CannotStart: .*\.env-broken: line 2 .*; line 3 \(KAPA_API_KEY\) .*; line 4 \(MCP_BRAND_COLOR\) .*\.$/,
  )
  expect(error).not.toContain('hunter2')
})

test('an empty setting counts as unset, and removes nothing of the local world', async () => {
  const file = join(folder, '.env-empty')
  await writeFile(file, 'KAPA_API_KEY=\nUPSTREAM_CLIENT_ID="  "\nMCP_TOOL_NAME=mine\n')
  expect(await personalSettings({ REQUIRE_AUTH: '', MCP_TOOL_NAME: ' ' }, file)).toEqual({})
})

test('every line of .env.example is read as it is written', async () => {
  const lines = (await readFile(join(repository, '.env.example'), 'utf8')).match(/(?<=^# )[A-Z0-9_]+=.*$/gm) ?? []
  expect(lines.length).toBeGreaterThan(20)
  const looks = lines.map((line) => /^([^=]+)=(?:"(.*)"|(.*))$/.exec(line) ?? [])
  expect(parseEnvFile(lines.join('\n'))).toEqual({
    settings: Object.fromEntries(looks.map(([, name, quoted, plain]) => [name, quoted ?? plain])),
    problems: [],
  })
})

test('beside MCP_PROVIDERS, the local admin is one of the default provider', () => {
  expect(localEnvironment(world, { MCP_PROVIDERS: '[]' }).MCP_ADMINS).toBe(`default ${localAdminEmail}`)
})

test('a setting that no code reads is named, whether it comes from a file or a shell', async () => {
  const settings = { KAPA_API_KEYS: 'x', REQUIRE_AUTH: 'true', ANYTHING: 'else', NETLIFY_DEV: 'true' }
  expect(unknownSettings(settings)).toEqual(['KAPA_API_KEYS', 'ANYTHING'])
  const secrets = { MCP_PROVIDER_SECRET_READ: 'x', MCP_PROVIDER_SECRET_OTHER: 'x' }
  const list = '[{"name":"google","client_secret_variable":"MCP_PROVIDER_SECRET_READ"}]'
  expect(unknownSettings({ MCP_PROVIDERS: list, ...secrets })).toEqual(['MCP_PROVIDER_SECRET_OTHER'])
})

test('the parts of the local world that settings replace are known', () => {
  const parts = (settings: Record<string, string>) => ownParts(settings, world.url)
  expect(parts({ MCP_OAUTH_ISSUER: world.url, REQUIRE_AUTH: 'true', MCP_TOOL_NAME: 'x' })).toEqual([])
  expect(parts({ MCP_OAUTH_ISSUER: 'https://docs.example', REQUIRE_AUTH: 'false', MCP_OAUTH_DCR: 'off' })).toEqual([
    'issuer',
    'optional sign-in',
    'limited registration',
  ])
  expect(parts({ REDPANDA_OAUTH_CLIENT_ID: 'x', KAPA_API_KEY: 'x', CRM_WEBHOOK_URL: 'https://crm.example' })).toEqual([
    'OpenID Provider',
    'Kapa',
    'CRM',
  ])
  expect(parts({ MCP_API_HUB_URL: 'off', MCP_FEEDBACK_FORM_PATH: '/home/' })).toEqual([
    'API reference',
    'feedback form',
  ])
})

test('the secret is created once, and only its owner can read it', async () => {
  const directory = join(folder, 'state')
  const secret = await keptSecret(directory)
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  expect(await keptSecret(directory)).toBe(secret)
  expect((await stat(join(directory, 'secret'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(directory, 'secret'), 'utf8')).toContain(secret)
})

test('a damaged secret is never silently replaced by a new one', async () => {
  const directory = join(folder, 'damaged')
  await keptSecret(directory)
  await writeFile(join(directory, 'secret'), 'torn')
  await expect(keptSecret(directory)).rejects.toThrow(/secret is damaged.*npm run reset/)
})

test.each(['0', '80x', '-1', '65529', '99999', ' '])('PORT=%j is refused in one line', (value) => {
  expect(() => parsePort(value)).toThrow(/^PORT is ".*"; it must be a number from 1 to 65528\.$/)
})

test('PORT: 8888 if it is not set; 80 is not part of an address', () => {
  expect([undefined, '', '1', '65528'].map(parsePort)).toEqual([8888, 8888, 1, 65_528])
  expect([8888, 80].map(localUrl)).toEqual(['http://localhost:8888', 'http://localhost'])
})

test.each([
  ['127.0.0.1', 0, 'the app'],
  ['127.0.0.1', 2, 'the Kapa stand-in'],
  ['::1', 5, 'Blobs'],
  ['127.0.0.1', 6, 'the API-reference hub'],
  ['::1', 7, 'the feedback form'],
])('a port in use on %s is named, with the part that needs it and the way out', async (host, offset, use) => {
  const app = await freePorts()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(app + offset, host, resolve))
  onTestFinished(() => void server.close())
  await expect(checkPorts(app)).rejects.toThrow(new RegExp(`^Port ${app + offset} is in use; ${use}.*PORT=`))
})

test('processes that look for free ports at the same time never share a port', async () => {
  const rows = 60
  const script = `
    import { freePorts } from ${JSON.stringify(new URL('./ports.ts', import.meta.url).href)}
    for (let row = 0; row < ${rows}; row++) console.log(await freePorts())
    console.log('done')
    process.stdin.resume()`
  const processes = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]))
  onTestFinished(() => processes.forEach((child) => void child.kill()))
  const given = await Promise.all(
    processes.map(async ({ stdout }) => {
      const lines: string[] = []
      for await (const line of createInterface({ input: stdout })) {
        if (line === 'done') break
        lines.push(line)
      }
      return lines.map(Number)
    }),
  )
  const ports = given.flat().flatMap((app) => Object.values(portsFrom(app)))
  expect(ports).toHaveLength(4 * rows * 8)
  expect(new Set(ports).size).toBe(ports.length)
})

const here = { port: 8888, ownParts: [] }

test('one process takes the state; other processes see that until it releases the state', async () => {
  const directory = join(folder, 'running')
  expect(await findRunning(directory)).toBeNull()
  const giveBack = await takeState(directory, here)
  expect(await findRunning(directory)).toMatchObject({ pid: process.pid, ...here })
  await expect(takeState(directory, here)).rejects.toThrow(/^It is running already: http:\/\/localhost:8888 \(process/)
  await giveBack()
  expect(await findRunning(directory)).toBeNull()
})

test('of many processes that take the state at once, exactly one succeeds, even if a killed process has left its note', async () => {
  const notes = ['', '{', JSON.stringify({ ...here, pid: process.pid, started: 'another time' })]
  for (const stale of Array.from({ length: 60 }, (_, round) => notes[round % notes.length] ?? '')) {
    const directory = await mkdtemp(join(folder, 'stale-'))
    await writeFile(join(directory, 'running.json'), stale)
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => takeState(directory, here)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(directory)).toEqual(['running.json'])
  }
})

test('reset removes the files of the local world, and leaves every other file in the folder', async () => {
  const state = await openState(join(folder, 'own-state'))
  await keptSecret(state)
  await mkdir(join(state, 'blobs'))
  await writeFile(join(state, 'pictures'), 'kept')
  await clearState(state)
  expect((await readdir(state)).sort()).toEqual(['mcp-oauth-broker-state', 'pictures'])
  expect(await openState(state)).toBe(state)
})

test.each(['clear', 'open'])('a folder with other files is not a state folder: %s', async (what) => {
  const foreign = await mkdtemp(join(folder, 'foreign-'))
  await mkdir(join(foreign, 'blobs'))
  await writeFile(join(foreign, 'secret'), 'theirs')
  await expect(what === 'clear' ? clearState(foreign) : openState(foreign)).rejects.toThrow(/is not a state folder/)
  expect((await readdir(foreign)).sort()).toEqual(['blobs', 'secret'])
})

test('the default folder needs no marker', async () => {
  expect(await openState(undefined)).toBe(defaultState)
})
