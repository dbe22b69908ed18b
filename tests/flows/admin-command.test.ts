import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { callMcp, newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

const [readToken, writeToken] = [newSecret(), newSecret()]
const email = newAddress()

let stack: Stack
let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'admin-command-'))
  stack = await startStack({ settings: { MCP_ADMIN_TOKEN: readToken, MCP_ADMIN_WRITE_TOKEN: writeToken } })
  const client = await registerClient(
    stack.url,
    'An editor of very many words in its name, so that no table has a place for it',
  )
  const { accessToken } = await obtainTokens(client, email)
  await callMcp(stack.mcpUrl, accessToken, 'tools/call', { name: 'whoami', arguments: {} })
  await vi.waitFor(async () => {
    const { out } = await npmRun(['people', email, '--json', '--site', stack.url], { MCP_ADMIN_TOKEN: readToken })
    if (!out.includes(email)) throw new Error('not recorded yet')
  }, 60_000)
})
afterAll(async () => {
  await stack?.stop()
  await rm(home, { recursive: true, force: true })
})

/** Runs `npm run admin -- …` as its own process, in a home folder of this test. */
async function npmRun(args: readonly string[], env: Record<string, string> = {}, input = '', command = 'admin') {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(process.execPath, [join(repository, 'dev/run.mjs'), command, ...args], {
    env: { PATH, NODE_COMPILE_CACHE, HOME: home, ...env },
  })
  const [out, notes]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => notes.push(chunk))
  child.stdin.end(input)
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exit, out: Buffer.concat(out).toString(), notes: Buffer.concat(notes).toString() }
}

const here = (args: readonly string[], token = readToken) =>
  npmRun([...args, '--site', stack.url], { MCP_ADMIN_TOKEN: token })

test('npm run admin: tables fit into 80 columns, and --json has everything', async () => {
  const company = email.split('@')[1]
  const [companies, people, clients, json] = await Promise.all([
    here(['companies']),
    here(['people']),
    here(['clients']),
    here(['companies', '--json']),
  ])
  expect([companies.exit, companies.notes]).toEqual([0, ''])
  expect(companies.out).toMatch(/^Company +Domain +People +Calls +Failed +Refused +Since\n/)
  for (const { out } of [companies, people, clients]) {
    expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  }
  expect(clients.out).toMatch(/^An editor of very.*… +not verif/m)
  expect(JSON.parse(json.out)).toContainEqual(expect.objectContaining({ domain: company, calls: 1 }))
})

test('login saves the token for its server, and the other commands need no setting', async () => {
  const login = await npmRun(['login', '--site', stack.url], {}, `${writeToken}\n`)
  expect([login.exit, login.out]).toEqual([0, expect.stringContaining('reads and acts')])
  expect(login.out + login.notes).not.toContain(writeToken)
  const blocked = await npmRun(['block', 'evil.example', '--note', 'asks for passwords', '--site', stack.url])
  expect([blocked.exit, blocked.out]).toEqual([0, expect.stringContaining('Blocked: evil.example')])
  const list = await npmRun(['block', '--site', stack.url])
  expect(list.out).toMatch(/evil\.example +\d{4}-\d\d-\d\d +asks for passwords/)
  const elsewhere = await npmRun(['block', '--site', `http://127.0.0.1:${stack.port}`])
  expect([elsewhere.exit, elsewhere.notes]).toEqual([
    4,
    expect.stringContaining('There is no token for http://127.0.0.1'),
  ])
})

test('trace tells the story of a code, and export streams into a file', async () => {
  const audit = await here(['audit', '--json', '--action', 'grant'])
  const [{ attempt } = { attempt: '' }] = JSON.parse(audit.out) as { attempt: string }[]
  const trace = await npmRun([attempt, '--site', stack.url], { MCP_ADMIN_TOKEN: readToken }, '', 'trace')
  expect([trace.exit, trace.out]).toEqual([0, expect.stringContaining(`Sign-in ${attempt}`)])
  const file = join(home, 'people.ndjson')
  const exported = await here(['export', 'people', '--format', 'ndjson', '--output', file])
  expect([exported.exit, exported.notes]).toEqual([0, expect.stringMatching(/1 lines/)])
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ email })
})

test('a read token cannot act, a wrong one is refused, and both say what to do', async () => {
  const read = await here(['revoke', email, '--yes'])
  expect([read.exit, read.notes]).toEqual([4, expect.stringContaining('Log in with a write token')])
  const wrong = await here(['tools'], newSecret())
  expect([wrong.exit, wrong.notes]).toEqual([4, expect.stringContaining('npm run admin -- login')])
})

test('revoke and forget act on the person with this address', async () => {
  const mail = newAddress()
  const { accessToken } = await obtainTokens(await registerClient(stack.url), mail)
  await expect.poll(async () => (await here(['people', mail, '--json'])).out).toContain(mail)
  const act = (...args: string[]) =>
    npmRun([...args, '--yes', '--site', stack.url], { MCP_ADMIN_WRITE_TOKEN: writeToken })
  expect((await act('revoke', mail)).out).toBe(`Ended: 1 connections of ${mail}.\n`)
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(401)
  expect(await act('forget', mail, '--no-wait')).toMatchObject({
    exit: 0,
    out: expect.stringContaining('10 to 20 minutes'),
  })
})

interface Visit {
  readonly url: string
  readonly authorization: string | undefined
}

/** A server of another person. */
async function strange(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const visits: Visit[] = []
  const server = createServer((request, response) => {
    visits.push({ url: request.url ?? '', authorization: request.headers.authorization })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, visits }
}

test('npm run admin follows no redirect, and sends the token to no other server [N30]', async () => {
  const target = await strange((_request, response) => response.end('{"rows":[]}'))
  const redirecting = await strange((_request, response) =>
    response.writeHead(307, { location: `${target.url}/admin/api/tools` }).end(),
  )
  const { exit, notes } = await npmRun(['tools', '--site', redirecting.url], { MCP_ADMIN_TOKEN: readToken })
  expect([exit, notes]).toEqual([1, expect.stringContaining('The token was not sent there')])
  expect(redirecting.visits).toHaveLength(1)
  expect(target.visits).toEqual([])
  expect(notes).not.toContain(readToken)
  const plain = await npmRun(['tools', '--site', 'http://docs.example.com'], { MCP_ADMIN_TOKEN: readToken })
  expect([plain.exit, plain.notes]).toEqual([2, expect.stringContaining('https')])
})

test('npm run admin: a server cannot control the terminal, and an export that breaks off leaves no file', async () => {
  const evil = 'Acme\u001b]0;owned\u0007\u009b2J\u202e'
  const hostile = await strange((request, response) => {
    if (!request.url?.includes('/export/'))
      return void response.end(JSON.stringify({ rows: [{ id: evil, name: evil }] }))
    response.writeHead(200, { 'content-length': '1000' }).write('a,b\r\n', () => response.destroy())
  })
  const { out } = await npmRun(['companies', '--site', hostile.url], { MCP_ADMIN_TOKEN: readToken })
  expect(out).toContain('Acme')
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  const broken = await npmRun(['export', 'usage', '--output', join(home, 'usage.csv'), '--site', hostile.url], {
    MCP_ADMIN_TOKEN: readToken,
  })
  expect([broken.exit, broken.notes]).toEqual([1, expect.stringContaining('not whole')])
  expect((await readdir(home)).filter((name) => name.startsWith('usage'))).toEqual([])
})
