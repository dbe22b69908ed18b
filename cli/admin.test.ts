import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { admin, commands } from './admin.ts'
import type { Site } from './sites.ts'
import type { Surroundings } from './surroundings.ts'

const [token, other] = ['A'.repeat(43), 'B'.repeat(43)]
const sub = `u_${'s'.repeat(43)}`

interface Asked {
  readonly url: string
  readonly authorization: string
  readonly method: string
  readonly body: unknown
  readonly redirect: string | undefined
}

type Answers = (path: string, asked: Asked) => Response | object

/** A command with a server that answers as the test says. */
async function run(
  line: string | readonly string[],
  answers: Answers,
  more: Partial<Surroundings> & { local?: never; at?: Site | null } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'admin-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [out, notes, asked]: [string[], string[], Asked[]] = [[], [], []]
  const output = (texts: string[]) => ({
    write: (text: string | Uint8Array) => void texts.push(Buffer.from(text as string).toString()),
    isTerminal: false,
  })
  const around: Surroundings = {
    environment: {},
    out: output(out),
    notes: output(notes),
    width: 80,
    bold: (text) => text,
    fetch: async (input, init) => {
      const url = new URL(String(input))
      const one: Asked = {
        url: url.href,
        authorization: new Headers(init?.headers).get('authorization') ?? '',
        method: init?.method ?? 'GET',
        body: init?.body ? JSON.parse(String(init.body)) : undefined,
        redirect: init?.redirect,
      }
      asked.push(one)
      const answer = answers(url.pathname.replace('/admin/api', '') + url.search, one)
      return answer instanceof Response ? answer : Response.json(answer)
    },
    tokenFile: join(folder, 'config', 'admin.json'),
    local: async () => (more.at === undefined ? { origin: 'http://localhost:8888', token } : more.at),
    ask: async () => null,
    wait: async () => undefined,
    ...more,
  }
  const exit = await admin(typeof line === 'string' ? line.split(' ') : line, around)
  return { exit, out: out.join(''), notes: notes.join(''), asked, around, folder }
}

const refusal = (status: number, error: string, words: string, headers = {}) =>
  Response.json({ error, error_description: words }, { status, headers })

describe('a token goes', () => {
  test('to the system on this machine without any setting', async () => {
    const { asked, exit } = await run('tools', () => ({ rows: [] }))
    expect([exit, asked.map(({ url, authorization, redirect }) => [url, authorization, redirect])]).toEqual([
      0,
      [['http://localhost:8888/admin/api/tools?days=30', `Bearer ${token}`, 'manual']],
    ])
  })

  test.each([
    ['http://docs.example.com', /https URL/],
    ['http://localhost.evil.example', /https URL/],
    ['http://127.0.0.1.evil.example', /https URL/],
    ['ftp://localhost', /https URL/],
    ['docs.example.com', /https URL/],
    ['https://ada:secret@docs.example.com', /address of the server alone/],
    ['https://docs.example.com/mcp', /address of the server alone/],
  ])('never to %s', async (site, words) => {
    const { exit, notes, asked } = await run(`tools --site ${site}`, () => ({}), {
      environment: { MCP_ADMIN_TOKEN: token },
    })
    expect([exit, asked]).toEqual([2, []])
    expect(notes).toMatch(words)
    expect(notes).not.toContain('secret@')
  })

  test('only to the server for which it was saved: not that of this machine, and not that of another [N30]', async () => {
    const elsewhere = await run('tools --site https://docs.example.com', () => ({}))
    expect([elsewhere.exit, elsewhere.asked]).toEqual([4, []])
    expect(elsewhere.notes).toContain('npm run admin -- login --site https://docs.example.com')

    const login = await run('login --site https://docs.example.com', () => ({ may: 'read' }), {
      ask: async () => `${other}\n`,
    })
    expect(login.exit).toBe(0)
    const { tokenFile } = login.around
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(tokenFile, 'utf8'))).toEqual({ sites: { 'https://docs.example.com': other } })
    const again = (line: string, at?: null) =>
      run(line, () => ({ rows: [] }), { tokenFile, ...(at === null && { at }) })
    const ports = await again('tools --site https://docs.example.com:8443')
    expect([ports.exit, ports.asked]).toEqual([4, []])
    expect((await again('tools --site https://docs.example.com')).asked[0]?.authorization).toBe(`Bearer ${other}`)
    // The system on this machine comes first, and without it the only server that is saved.
    expect((await again('tools')).asked[0]?.authorization).toBe(`Bearer ${token}`)
    expect((await again('tools', null)).asked[0]?.url).toMatch(/^https:\/\/docs\.example\.com\//)

    await chmod(tokenFile, 0o644)
    const open = await again('tools --site https://docs.example.com')
    expect([open.exit, open.asked]).toEqual([1, []])
    expect(open.notes).toContain('chmod 600')
  })

  test('not along with a redirect [N30]', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const { exit, notes, asked } = await run(
        'tools',
        () => new Response(null, { status, headers: { location: 'https://evil.example/\u009b' } }),
      )
      expect([exit, asked.length]).toEqual([1, 1])
      expect(notes).toMatch(/redirects to https:\/\/evil\.example\/.* token was not sent/)
    }
  })

  test('nowhere if the server refuses it at login, and it is not saved', async () => {
    const refused = () => refusal(401, 'invalid_token', 'the server has no such token')
    const { exit, folder, notes } = await run('login --site https://docs.example.com', refused, {
      ask: async () => other,
    })
    expect([exit, await readdir(folder)]).toEqual([4, []])
    expect(notes).not.toContain(other)
  })
})

describe('what the server says', () => {
  test('about others cannot control the terminal', async () => {
    const evil = 'Evil\u001b[2J\u202e\nroot'
    const answers: Answers = (path) => {
      if (path.startsWith('/trace')) return { text: `Sign-in\n${evil}` }
      return {
        rows: [
          {
            id: evil,
            entry: evil,
            name: evil,
            domain: evil,
            tool: evil,
            client: { name: evil, host: evil },
            what: evil,
            reason: evil,
          },
        ],
        days: [],
        companies: [],
        people: [],
        entries: [{ at: 1, action: evil }],
        messages: [{ id: evil, failure: evil }],
        problems: [{ fault: evil, key: evil }],
      }
    }
    for (const line of [
      'companies',
      'people',
      'clients',
      'tools',
      'refusals',
      'audit',
      'audit verify',
      'webhooks',
      'block',
      'trace x',
      'companies --json',
      'trace x --json',
    ]) {
      const { out, notes } = await run(line, answers)
      expect(`${out}${notes}`.replaceAll('\n', ''), line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      expect(out, line).toContain('Evil')
    }
    const { notes } = await run('tools', () => refusal(500, evil, evil))
    expect(notes.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  test.each([
    [refusal(401, 'invalid_token', 'no such token'), 4, /login --site/],
    [refusal(403, 'read_only', 'this token only reads'), 4, /Log in with a write token/],
    [refusal(404, 'not_found', 'no such company'), 3, /Not found: no such company/],
    [Response.json({ error: 'not_found' }, { status: 404 }), 1, /no admin API at .* issuer/],
    [refusal(429, 'x', 'too many wrong tokens', { 'retry-after': '77' }), 1, /Try again in 77 seconds/],
    [refusal(400, 'x', 'days must be 1'), 2, /days must be 1/],
    [new Response('<html>', { status: 502 }), 1, /status 502/],
    [new Response('<html>'), 1, /something else than JSON/],
  ])('when it refuses becomes words and an exit code (%#)', async (answer, exit, words) => {
    const found = await run('tools', () => answer)
    expect([found.exit, found.out]).toEqual([exit, ''])
    expect(found.notes).toMatch(words)
  })

  test('when it cannot be reached is one sentence', async () => {
    const fetch = async () =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }))
    const { exit, notes } = await run('tools', () => ({}), { fetch })
    expect([exit, notes]).toEqual([
      1,
      expect.stringMatching(/^http:\/\/localhost:8888 cannot be reached \(ECONNREFUSED\)/),
    ])
  })
})

describe('a person', () => {
  const people =
    (subs: readonly string[]): Answers =>
    (path) => {
      if (path === '/people/find') return { rows: subs.map((one) => ({ sub: one })) }
      if (path.endsWith('/forgetting')) return { forgetting: looks++ < 3 ? 'waiting' : 'removed' }
      return { grants: 2 }
    }
  let looks = 0

  test('is forgotten by address after a yes, and the command waits until the job is done', async () => {
    looks = 0
    const { exit, out, asked } = await run('forget ada@example.com', people([sub]), { ask: async () => 'yes\n' })
    expect([exit, looks]).toEqual([0, 4])
    expect(out).toBe('Nothing is held on ada@example.com any more.\n')
    expect(asked.map(({ url }) => url)).toContain(`http://localhost:8888/admin/api/people/${sub}/forget`)
  })

  test('stays as it is without a yes, and where the address is not that of exactly one person', async () => {
    const changed = async (line: string, subs: readonly string[], answer: string | null) => {
      const { exit, asked } = await run(line, people(subs), { ask: async () => answer })
      return [exit, asked.filter(({ url }) => /(?:revoke|forget)$/.test(url)).length]
    }
    expect(await changed('forget ada@example.com', [sub], 'no')).toEqual([1, 0])
    expect(await changed('forget ada@example.com', [sub], null)).toEqual([2, 0])
    expect(await changed('revoke ada@example.com --yes', [], null)).toEqual([3, 0])
    expect(await changed('revoke ada@example.com --yes', [sub, sub.replace('s', 't')], null)).toEqual([2, 0])
    expect(await changed('revoke ../people --yes', [sub], null)).toEqual([2, 0])
    // A server that answers an id of another form cannot choose the path.
    expect(await changed('revoke ada@example.com --yes', ['../../blocks'], null)).toEqual([3, 0])
    expect(await changed('revoke ada@example.com --yes', [sub], null)).toEqual([0, 1])
  })
})

test('rows come page by page, up to the limit', async () => {
  const page: Answers = (path) => {
    const query = new URLSearchParams(path.split('?')[1])
    const from = Number(query.get('cursor') ?? 0)
    const rows = Array.from({ length: Number(query.get('limit')) }, (_, index) => ({ sub: `u_${from + index}` }))
    return { rows, next: String(from + rows.length) }
  }
  const { asked, out, notes } = await run('people --limit 150 --json', page)
  expect(asked.map(({ url }) => new URL(url).searchParams.get('limit'))).toEqual(['100', '50'])
  expect(JSON.parse(out)).toHaveLength(150)
  expect(notes).toContain('--limit 300 or --all')
})

test('the audit log is verified in pieces, and a problem is exit code 1', async () => {
  const pieces: Answers = (path) => {
    if (!path.includes('from='))
      return { days: 2, entries: 20, problems: [{ fault: 'broken-chain', day: '20261101' }], next: '20261103' }
    return {
      days: 1,
      entries: 5,
      problems: [{ fault: 'broken-chain', day: '20261101' }],
      last: { day: '20261103', digest: 'd' },
    }
  }
  const { exit, out, asked } = await run('audit verify --expect d --json', pieces)
  expect([exit, asked.length]).toEqual([1, 2])
  expect(JSON.parse(out)).toMatchObject({ days: 3, entries: 25, problems: [{ fault: 'broken-chain' }] })
  const good = await run('audit verify', () => ({
    days: 1,
    entries: 5,
    problems: [],
    last: { day: '20261103', digest: 'd' },
  }))
  expect([good.exit, good.out]).toEqual([0, expect.stringContaining('kept elsewhere: d (2026-11-03)')])
  expect((await run('audit verify', () => ({ problems: [], next: '20261103' }))).exit).toBe(1)
})

describe('an export', () => {
  test('becomes a file of its owner once it is whole', async () => {
    const { folder } = await run('tools', () => ({}))
    const file = join(folder, 'usage.csv')
    await writeFile(join(folder, 'there.csv'), 'mine')
    const csv = (_: string, { url }: Asked) =>
      new Response(url.includes('part=1&') || url.endsWith('part=1') ? 'day,count\r\n20261130,1\r\n' : 'day,count\r\n')
    const whole = await run(`export usage --days 7 --output ${file}`, csv)
    expect([whole.exit, whole.notes]).toEqual([0, expect.stringContaining('2 lines, 23 bytes')])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await run(`export usage --output ${file}`, csv)).exit).toBe(2)
    expect((await run(`export usage --output ${join(folder, 'there.csv')}`, csv)).exit).toBe(2)
    expect(await readFile(join(folder, 'there.csv'), 'utf8')).toBe('mine')

    const broken = () =>
      new Response(
        new ReadableStream({
          start: (stream) => stream.enqueue(Buffer.from('a\n')),
          pull: (stream) => stream.error(new Error('cut')),
        }),
      )
    const part = await run(`export usage --output ${join(folder, 'part.csv')}`, broken)
    expect([part.exit, part.notes]).toEqual([1, expect.stringContaining('is not whole')])
    expect((await readdir(folder)).sort()).toEqual(['there.csv', 'usage.csv'])
  })

  test('of people comes in parts, and is one file with the names of its columns once', async () => {
    const { folder } = await run('tools', () => ({}))
    const file = join(folder, 'people.csv')
    const asked: string[] = []
    const part = (_: string, { url }: Asked) => {
      const number = new URL(url).searchParams.get('part') ?? ''
      asked.push(number)
      return new Response(number === '3' ? 'sub\r\n' : `sub\r\nu_${number}\r\n`)
    }
    expect((await run(`export people --output ${file}`, part)).exit).toBe(0)
    expect(asked).toEqual(Array.from({ length: 16 }, (_, index) => String(index + 1)))
    const lines = (await readFile(file, 'utf8')).split('\r\n')
    expect(lines).toEqual(['sub', ...asked.filter((number) => number !== '3').map((number) => `u_${number}`), ''])
  })

  test('to a terminal controls nothing there', async () => {
    const texts: string[] = []
    const out = { write: (text: string | Uint8Array) => void texts.push(String(text)), isTerminal: true }
    await run('export companies', () => new Response('a,"\u001b[2J"\r\nb\r\n'), { out })
    expect(texts.join('')).toBe('a,"\ufffd[2J"\nb\n')
  })
})

test('the help teaches: every command has examples that are commands, in 80 columns', async () => {
  const { out } = await run('--help', () => ({}))
  for (const { name, examples } of commands) {
    expect(out).toContain(`  ${name} `)
    const help = (await run(`${name} --help`, () => ({}))).out
    for (const line of `${out}${help}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
    for (const example of examples) {
      expect(example.split(' ')[0]).toBe(name)
      expect(help).toContain(`npm run admin -- ${example}`)
    }
  }
  expect((await run('companies --dayz 7', () => ({}))).notes).toMatch(
    /^Unknown option '--dayz'\. .*companies --help\n$/,
  )
  expect((await run('trace', () => ({}))).exit).toBe(2)
  expect((await run('tools', () => ({}), { at: null })).notes).toMatch(/npm start.*--site/)
})
