import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type LineId, lineIds, lineOf, linesOf } from './doctor/checklist.ts'
import type { ExamineOptions } from './doctor/examine.ts'
import { type Code, kindOf, kinds } from './doctor/findings.ts'
import { createNetwork, TooManyRequests } from './doctor/network.ts'
import { type DoctorSurroundings, doctor } from './doctor.ts'
import type { Site } from './sites.ts'

const token = 'A'.repeat(43)

/** Runs the command beside a server that answers as the test says. */
async function run(
  args: readonly string[],
  more: Partial<Omit<DoctorSurroundings, 'reach'>> & { reach?: Partial<ExamineOptions>; at?: Site | null } = {},
) {
  const [out, notes]: [string[], string[]] = [[], []]
  const output = (texts: string[], isTerminal = false) => ({
    write: (text: string | Uint8Array) => void texts.push(Buffer.from(text as string).toString()),
    isTerminal,
  })
  const exit = await doctor(args, {
    environment: {},
    out: output(out),
    notes: output(notes),
    width: 80,
    bold: (text) => text,
    paint: (_style, text) => text,
    open: () => undefined,
    fetch,
    tokenFile: '/nonexistent/admin.json',
    local: async () => more.at ?? null,
    ask: async () => null,
    wait: async () => undefined,
    ...more,
  })
  return { exit, out: out.join(''), notes: notes.join('') }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function serve(answer: Answer) {
  const requests: { readonly line: string; readonly authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

const json = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

describe('the address', () => {
  test.each([
    ['http://docs.example.com'],
    ['ftp://docs.example.com'],
    ['https://ada:secret@docs.example.com'],
    ['https://docs.example.com/other'],
    ['https://docs.example.com/mcp?x=1'],
  ])('%s is wrong usage', async (address) => {
    const { exit, out, notes } = await run([address])
    expect([exit, out]).toEqual([2, ''])
    expect(notes).not.toContain('secret@')
  })

  test('may be left out where the local system runs', async () => {
    const { exit, notes } = await run([])
    expect([exit, notes]).toEqual([2, expect.stringMatching(/npm start.*npm run doctor -- https/)])
    const { origin, requests } = await serve((_request, response) => void response.writeHead(404).end())
    expect((await run([], { at: { origin, token } })).exit).toBe(1)
    expect(requests.map(({ line }) => line)).toEqual(['GET /health'])
  })

  test.each(['', '/', '/mcp', '/mcp/'])('may end in "%s"', async (end) => {
    const { origin, requests } = await serve((_request, response) => void response.writeHead(404).end())
    await run([origin + end])
    expect(requests).toHaveLength(1)
  })
})

test('a server that is not this service gets no token, and little else', async () => {
  const { origin, requests } = await serve((_request, response) => void response.end('<h1>Shop</h1>'))
  const { exit, out } = await run([origin], { environment: { MCP_ADMIN_TOKEN: token } })
  expect(exit).toBe(1)
  expect(out).toContain('Something else answers at this address')
  expect(requests).toEqual([{ line: 'GET /health', authorization: undefined }])
})

test('a server cannot control the terminal, make the check endless, or get the token at another path [N33 N30]', async () => {
  const evil = 'evil\u001b[2J\u202e\u0007\nroot'
  const { origin, requests } = await serve((request, response) => {
    if (request.url === '/health') return void json(response, { status: 'ok', oauth: true })
    if (request.url?.startsWith('/admin')) {
      return void json(response, { settings: { problems: [evil], unread: [evil] }, parts: [{ part: 'kapa', fault: 'status', detail: evil }] }) // biome-ignore format: one line
    }
    const document = { issuer: evil, resource: evil, authorization_servers: [evil], authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/t`, registration_endpoint: `${origin}/r`, jwks_uri: `${origin}/k` } // biome-ignore format: one line
    json(response, document, request.url === '/mcp' ? 401 : 200)
  })
  for (const args of [[origin], [origin, '--json']]) {
    const { exit, out, notes } = await run(args, { environment: { MCP_ADMIN_TOKEN: token } })
    expect(exit).toBe(1)
    expect(`${out}${notes}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(out).toContain('evil')
    expect(out + notes).not.toContain(token)
  }
  expect(requests.length).toBeLessThan(200)
  const withToken = requests.filter(({ authorization }) => authorization?.includes(token))
  expect(withToken.length).toBeGreaterThan(0)
  expect(withToken.filter(({ line }) => !/^(?:GET|POST) \/admin\/api\/doctor/.test(line))).toEqual([])
})

test('a check never sends more requests than it promises [N33]', async () => {
  const { origin, requests } = await serve((_request, response) => void response.end())
  const network = createNetwork({ most: 3, timeout: 10_000 })
  const all = Array.from({ length: 9 }, () => network.send({ url: origin }).catch((error: unknown) => error))
  const refused = (await Promise.all(all)).filter((one) => one instanceof TooManyRequests)
  network.close()
  expect([refused.length, requests.length]).toEqual([6, 3])
})

describe('the report', () => {
  const reach = { addressesOf: async () => [{ family: 4 }], connect: () => ({ host: '127.0.0.1', port: 1 }) }

  test('as JSON has a form that stays', async () => {
    const { exit, out } = await run(['https://docs.example.com', '--json'], { reach })
    const { milliseconds, requests, checks, checklist: lines, ...report } = JSON.parse(out)
    expect([typeof milliseconds, requests, checks.length]).toEqual(['number', 0, 15])
    expect(lines[0]).toEqual({ id: 'https', state: 'broken', findings: ['unreachable'] })
    expect(lines.slice(1).map(({ state }: { state: string }) => state)).not.toContain('kept')
    expect(exit).toBe(1)
    expect(report).toEqual({
      doctor: 1,
      address: 'https://docs.example.com/mcp',
      verdict: 'errors',
      exit: 1,
      findings: [
        {
          code: 'unreachable',
          severity: 'error',
          title: kinds.unreachable.title,
          seen: 'docs.example.com does not accept a connection (ECONNREFUSED)',
          clients: ['Claude', 'ChatGPT', 'Codex', 'Cursor', 'VS Code'],
          why: kinds.unreachable.why,
          remedy: kinds.unreachable.remedy,
          line: 'https',
        },
      ],
      clients: [],
    })
    expect(checks[0]).toEqual({ title: 'Address and TLS', findings: ['unreachable'] })
    expect(checks[1]).toEqual({ title: 'Health', findings: [], skipped: 'see above' })
  })

  test('for a terminal fits into 80 columns, and says what, why and what to do', async () => {
    const { out } = await run(['docs.example.com'], { reach })
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(out).toMatch(/✗ The address cannot be reached \[unreachable\]\n {2}seen {2}.*\n {2}why {3}.*/)
    expect(out).toMatch(/\n {2}line {2}https of the production checklist\n/)
    expect(out).toMatch(/Clients will have trouble\. 1 error\./)
  })

  test('the help fits into 80 columns', async () => {
    const { exit, out } = await run(['--help'])
    expect(exit).toBe(0)
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect((await run(['--sing-in'])).notes).toMatch(/^Unknown option '--sing-in'\. .*--help\n$/)
  })
})

describe('the production checklist [F-004-20]', () => {
  test('has each kind of finding in exactly one line, and each line has a check or says what a person must look at', () => {
    const listed = lineIds.flatMap((id) => lineOf(id).codes)
    expect(listed.toSorted()).toEqual(Object.keys(kinds).toSorted())
    for (const id of lineIds) {
      const { codes, seen, person } = lineOf(id)
      expect([id, codes.length > 0]).toEqual([id, seen !== 'person'])
      if (seen === 'person') expect(person, id).toMatch(/\.$/)
    }
  })

  test('says of each line whether it is kept, broken, not checked, or left to a person', () => {
    const stateOf = (id: LineId, seen: Parameters<typeof linesOf>[1], codes: readonly Code[] = []) =>
      linesOf(codes.map((code) => ({ code, saw: 'x' })), seen).find((line) => line.id === id) // biome-ignore format: one line
    const all = { outside: true, token: true, 'sign-in': true }
    const outside = { outside: true, token: false, 'sign-in': false }
    expect(stateOf('limits', all)).toEqual({ id: 'limits', state: 'kept', findings: [] })
    expect(stateOf('limits', outside)?.state).toBe('unseen')
    expect(stateOf('whole-sign-in', { ...all, 'sign-in': false })?.state).toBe('unseen')
    expect(stateOf('https', outside)?.state).toBe('kept')
    expect(stateOf('backups', all)?.state).toBe('person')
    expect(stateOf('limits', outside, ['limits-off'])).toEqual({ id: 'limits', state: 'broken', findings: ['limits-off'] }) // biome-ignore format: one line
  })
})

test('every kind of finding says why, and what to do, in whole sentences', () => {
  for (const code of Object.keys(kinds)) {
    const { title, why, remedy } = kindOf(code as Code)
    expect(title, code).toMatch(/^[A-Z/].*[^.]$/)
    for (const text of [why, remedy]) expect(text, code).toMatch(/^\S.*(?:[.)]|--all|URL|ADDRESS|CODE)$/)
  }
})
