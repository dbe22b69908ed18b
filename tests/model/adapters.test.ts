import { hash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import { createPostgresStore } from '../../lib/store/postgres/postgres.ts'
import { type Store, StoreUnavailable, type WriteResult } from '../../lib/store/store.ts'
import { everyChoice, ScriptedServer } from './scripted-server.ts'

/**
 * The model trusts that the adapters give no outcomes that `contract.ts` lacks. Here each real adapter meets every sequence of answers,
 * lost answers (up to three or four), late effects and one write of another, with one repetition of each request.
 */

const { signal } = new AbortController()
const retryDelays = [0]
const before = { text: '{"nonce":"before","value":{"by":"before"}}', version: 'before' }

/** Carries out one conditional write in every way, and checks that the model knows what came of it. */
async function conform(
  open: (server: ScriptedServer) => Store,
  kind: 'create' | 'replace',
  losses: number,
): Promise<Set<string>> {
  const seen = new Set<string>()
  await everyChoice(async (choose) => {
    const server = new ScriptedServer(choose, losses, kind === 'replace' ? before : undefined)
    const store = open(server)
    const write =
      kind === 'create'
        ? store.create('key', { by: 'me' }, signal)
        : store.replace('key', { by: 'me' }, 'before', signal)
    const result = await write.catch((error: unknown): WriteResult | 'unavailable' => {
      if (error instanceof StoreUnavailable) return 'unavailable'
      throw error
    })
    const mine = server.stored.length
    // It takes effect once at most, whatever was sent twice.
    expect(mine).toBeLessThan(2)
    const { unclear } = server
    if (result === 'unavailable') {
      expect(unclear).toBe(true)
      server.settle()
      seen.add(`unavailable, ${mine === 1 ? 'landed' : server.stored.length === 1 ? 'lands later' : 'no effect'}`)
      return
    }
    const after = server.record
    server.settle()
    // After an answer, nothing of the call is under way that could still take effect.
    expect(server.record).toEqual(after)
    if (result.won) {
      expect(mine).toBe(1)
      if (after?.text.includes('"me"')) expect(result.version).toBe(after.version)
      seen.add('won')
    } else if (result.ambiguous) {
      expect(unclear).toBe(true)
      expect(after?.version).toBe('other')
      seen.add(`ambiguous, ${mine === 1 ? 'landed' : 'no effect'}`)
    } else {
      expect(mine).toBe(0)
      seen.add('lost')
    }
  })
  return seen
}

const known = [
  'won',
  'lost',
  'ambiguous, landed',
  'ambiguous, no effect',
  'unavailable, landed',
  'unavailable, lands later',
  'unavailable, no effect',
]

/** PostgreSQL as far as a conditional write needs it. */
const postgresOf = (server: ScriptedServer): Store =>
  createPostgresStore({
    site: 'site',
    retryDelays,
    database: () => ({
      close: () => {},
      async ask({ text, values }) {
        const lost = { kind: 'unknown', reason: 'no answer' } as const
        if (text.includes('SELECT value, version')) {
          const read = server.read()
          if ('lost' in read) return lost
          const { text: value = null, version = null } = read.answer ?? {}
          return { kind: 'done', rows: [{ value, version }], count: 1 }
        }
        const [, , value, version, expected] = values
        const write = server.write(
          String(value),
          String(version),
          expected === undefined ? undefined : String(expected),
        )
        return 'lost' in write ? lost : { kind: 'done', rows: [], count: write.answer ? 1 : 0 }
      },
    }),
  })

let http: Server
let url: string
/** The server of the present run, behind Netlify's protocol. */
let current: ScriptedServer
beforeAll(async () => {
  http = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method === 'GET') {
      const read = current.read()
      if ('lost' in read) return void request.socket.destroy()
      if (!read.answer) return void response.writeHead(404).end()
      return void response.writeHead(200, { etag: `"${read.answer.version}"` }).end(read.answer.text)
    }
    const text = Buffer.concat(chunks).toString()
    const expected = request.headers['if-match']?.replaceAll('"', '')
    const version = hash('md5', text)
    const write = current.write(text, version, expected)
    if ('lost' in write) return void request.socket.destroy()
    if (!write.answer) return void response.writeHead(412).end()
    response.writeHead(200, { etag: `"${version}"` }).end()
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => {
  http.closeAllConnections()
  http.close()
})

const blobsOf = (server: ScriptedServer): Store => {
  current = server
  const client = { siteID: 'site', token: 'token', edgeURL: url, uncachedEdgeURL: url }
  return createBlobsStore({ name: 'store', client, retryDelays, attemptTimeout: 20_000 })
}

test.each([
  ['Blobs', 'create', blobsOf, 3],
  ['Blobs', 'replace', blobsOf, 3],
  ['PostgreSQL', 'create', postgresOf, 4],
  ['PostgreSQL', 'replace', postgresOf, 4],
] as const)(
  '%s: whatever happens to the requests of a %s, the model has that outcome [N34 O-03]',
  async (_, kind, open, losses) => {
    const seen = await conform(open, kind, losses)
    expect([...seen].filter((outcome) => !known.includes(outcome))).toEqual([])
    // All of them happen: the model has no more than the adapters give.
    expect(seen.size).toBe(known.length)
  },
)
