import { describe, expect, test } from 'vitest'
import { copyCommand } from './store-copy.ts'
import type { Surroundings } from './surroundings.ts'

const [token, other] = ['A'.repeat(43), 'B'.repeat(43)]
const clean = { late: 0, merged: 0, wrong: 0, unreadable: 0 }
const done = {
  ...{ from: 'blobs', to: 'postgres', state: 'open', stage: 'done', total: 5, passed: 5, moved: 5 },
  ...{ events: 0, found: clean, safe: false, stragglersUntil: Date.UTC(2026, 10, 30, 12, 15), interrupted: false },
  collections: { grants: { records: 3, changed: 1, handedOver: 'a1'.repeat(32), atTarget: 'a1'.repeat(32) } },
}

/** The command with a server that gives these answers in turn; the last one again and again. */
async function run(line: string, answers: readonly (object | Response)[], more: Partial<Surroundings> = {}) {
  const [out, notes, asked]: [string[], string[], { url: string; authorization: string; body: unknown }[]] = [
    [],
    [],
    [],
  ]
  const output = (texts: string[]) => ({ write: (text: string | Uint8Array) => void texts.push(String(text)), isTerminal: false }) // biome-ignore format: one line
  let turn = 0
  const exit = await copyCommand(line.split(' '), {
    ...{ environment: {}, out: output(out), notes: output(notes), width: 120, bold: (text) => text, tokenFile: '' },
    async fetch(input, init) {
      const authorization = new Headers(init?.headers).get('authorization') ?? ''
      const body = init?.body ? JSON.parse(String(init.body)) : undefined
      asked.push({ url: String(input), authorization, body })
      const answer = init?.method === 'POST' ? (answers[Math.min(turn++, answers.length - 1)] ?? {}) : done
      return answer instanceof Response ? answer.clone() : Response.json(answer)
    },
    local: async () => ({ origin: 'http://localhost:8888', token }),
    ask: async () => null,
    wait: async () => undefined,
    ...more,
  })
  return {
    exit,
    out: out.join(''),
    notes: notes.join(''),
    asked,
    bodies: asked.flatMap(({ body }) => (body ? [body] : [])),
  }
}

const move = '--from blobs --to postgres'
const busy = Response.json({ error_description: 'the store does not answer in time' }, { status: 503 })

describe('npm run store -- copy', () => {
  test('runs slices until the copy is done, without a setting on this machine, and says when to verify', async () => {
    const { exit, asked, bodies, notes, out } = await run(move, [{ ...done, stage: 'records', passed: 2 }, done])
    expect(asked[0]).toMatchObject({ url: 'http://localhost:8888/admin/store/copy', authorization: `Bearer ${token}` })
    expect(bodies).toEqual([{ do: 'run' }, { do: 'run' }])
    expect(notes).toContain('moving records 40 % · 2 of 5 keys · 5 moved')
    expect(out).toMatch(/grants\s+3\s+1\s+a1a1a1a1a1a1a1a1 in both/)
    expect([exit, out]).toEqual([0, expect.stringContaining('may run until 2026-11-30 12:15 UTC')])
  })

  test('tries again while the server cannot answer or the stores do not, and gives up after a while', async () => {
    const again = await run(move, [
      busy,
      busy,
      { ...done, stage: 'records', interrupted: true },
      { ...done, safe: true },
    ])
    expect([again.exit, again.bodies.length]).toEqual([0, 4])
    expect(again.out).toContain('It is safe to remove STORE_MOVING_FROM')
    const never = await run(move, [busy])
    expect([never.exit, never.bodies.length]).toEqual([1, 30])
  })

  test('verifies again by itself what an older instance has written meanwhile, some times', async () => {
    const late = { ...done, found: { ...clean, late: 2 } }
    const once = await run(move, [late, done, { ...done, safe: true }])
    expect(once.bodies).toEqual([{ do: 'run' }, { do: 'verify' }, { do: 'run' }])
    const always = await run(move, [late])
    expect([always.exit, always.bodies.length]).toEqual([1, 9])
    expect(always.out).toContain('still writes at the source')
  })

  test.each([
    ['wrong', 'cannot have followed'],
    ['unreadable', 'could not be read'],
  ])('exits with 1 if records are %s', async (what, words) => {
    const { exit, out } = await run(`${move} --verify`, [done, { ...done, found: { ...clean, [what]: 1 } }])
    expect([exit, out]).toEqual([1, expect.stringContaining(words)])
  })

  test.each([
    ['--from blobs', 2],
    ['--from blobs --to blobs', 2],
    ['--from neon --to blobs', 2],
    ['--from blobs --to postgres --what', 2],
    ['--from blobs --to postgres --site http://docs.example.com', 2],
    ['--from postgres --to blobs', 1],
  ])('refuses %s', async (line, code) => {
    const { exit, bodies } = await run(line, [done])
    expect([exit, bodies]).toEqual([code, []])
  })

  test('the token of the environment goes where --site says, and along no redirect [N30]', async () => {
    const environment = { MCP_STORE_COPY_TOKEN: `${other}, ${token}` }
    const { asked } = await run(`${move} --site https://docs.example.com`, [done], { environment })
    expect(asked[0]).toEqual({ url: 'https://docs.example.com/admin/store/copy', authorization: `Bearer ${other}`, body: undefined }) // biome-ignore format: one line
    expect((await run(move, [done], { environment })).asked[0]?.authorization).toBe(`Bearer ${token}`)
    const without = await run(`${move} --site https://docs.example.com`, [done])
    expect([without.exit, without.asked]).toEqual([2, []])
  })

  test('a token that the server refuses, and a server where nothing can be copied, are said as they are', async () => {
    const wrong = new Response('{"error_description":"no such token"}', { status: 401 })
    const refused = await run(move, [wrong])
    expect([refused.exit, refused.notes]).toEqual([4, expect.stringContaining('MCP_STORE_COPY_TOKEN')])
    const off = await run(move, [new Response('{"error":"not_found"}', { status: 404 })])
    expect([off.exit, off.notes]).toEqual([1, expect.stringContaining('set MCP_STORE_COPY_TOKEN there')])
  })

  test('--empty goes on until the source is empty', async () => {
    const { exit, bodies, notes } = await run(`${move} --empty`, [
      { ...done, removed: 3, finished: false },
      { ...done, removed: 2, finished: true },
    ])
    expect([exit, bodies.length]).toEqual([0, 2])
    expect(notes).toContain('5 records removed')
  })
})
