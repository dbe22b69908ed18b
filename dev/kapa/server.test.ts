import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as Version1Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Version1Transport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { kapaToolName, startKapa } from './server.ts'

const apiKey = 'local-kapa-key'
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kapa-'))
  mkdirSync(join(folder, 'docs', 'guide'), { recursive: true })
  writeFileSync(
    join(folder, 'docs', 'guide', 'sign-in.md'),
    `# Signing in

Clients open a browser.

## Staying signed in

A refresh token lasts thirty days of idleness.

\`\`\`sh
# not a heading
npm start
\`\`\`

## Questions & answers

### Staying signed in

Nothing manual.
`,
  )
  writeFileSync(join(folder, 'docs', 'limits.md'), '# Limits\n\nTwenty registrations an hour.\n')
  writeFileSync(join(folder, 'docs', 'notes.txt'), 'refresh token refresh token')
  writeFileSync(join(folder, 'README.md'), 'A broker for documentation sites.\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

async function start() {
  const kapa = await startKapa({ port: 0, apiKey, documents: [join(folder, 'docs'), join(folder, 'README.md')] })
  onTestFinished(() => kapa.stop())
  return kapa
}

async function connect(url: string, options: ClientOptions = {}) {
  const client = new Client({ name: 'proxy', version: '3.1' }, options)
  const requestInit = { headers: { authorization: `Bearer ${apiKey}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  onTestFinished(() => client.close())
  return client
}

const ask = (query: string, user?: object) => ({
  name: kapaToolName,
  arguments: { query },
  ...(user && { _meta: { user } }),
})

function chunksOf(result: { [name: string]: unknown }): { source_url: string; content: string }[] {
  return Array.isArray(result.content) ? result.content.map((item) => JSON.parse(item.text)) : []
}

/** The transport of the v1 SDK does not match its own interface under `exactOptionalPropertyTypes`. */
function isTransport(value: unknown): value is Transport {
  return value instanceof Version1Transport
}

const modes: [string, ClientOptions][] = [
  ['2025', { versionNegotiation: { mode: 'legacy' } }],
  ['2026', { versionNegotiation: { mode: 'auto' } }],
]

test.each(modes)(
  'the published client asks a question and gets ranked chunks, and the caller is recorded (MCP of %s)',
  async (_, options) => {
    const kapa = await start()
    const client = await connect(kapa.url, options)
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual([kapaToolName])

    const user = { email: 'ada@example.com', company_name: 'Engines' }
    const chunks = chunksOf(await client.callTool(ask('How long does a refresh token last?', user)))
    expect(chunks[0]).toEqual({
      source_url: `${kapa.url}documents/docs/guide/sign-in.md#staying-signed-in`,
      content: expect.stringMatching(/^# Signing in > Staying signed in\n\nA refresh token(.|\n)*# not a heading/),
    })
    expect(kapa.calls()).toMatchObject([
      {
        tool: kapaToolName,
        query: 'How long does a refresh token last?',
        user,
        client: { name: 'proxy', version: '3.1' },
        headers: { host: new URL(kapa.url).host },
      },
    ])
    expect(JSON.stringify(kapa.calls())).not.toContain(apiKey)
  },
)

test('only its sources can be opened', async () => {
  const kapa = await start()
  const client = await connect(kapa.url)
  const [chunk] = chunksOf(await client.callTool(ask('registrations per hour')))
  expect(chunk?.source_url).toBe(`${kapa.url}documents/docs/limits.md#limits`)
  const cited = await fetch(chunk?.source_url ?? '')
  expect(await cited.text()).toContain('Twenty registrations')
  for (const path of ['documents/docs/notes.txt', 'documents/..%2f..%2fetc%2fpasswd', 'documents/%zz', 'mcp']) {
    expect((await fetch(kapa.url + path)).status).toBe(404)
  }
})

test('a second heading of the same name has its own anchor, and a question without a match gets an empty answer', async () => {
  const kapa = await start()
  const client = await connect(kapa.url)
  const [chunk] = chunksOf(await client.callTool(ask('nothing manual')))
  expect(chunk?.source_url).toMatch(/#staying-signed-in-1$/)
  expect(chunksOf(await client.callTool(ask('zzyzx')))).toEqual([])
})

test('the v1 client gets an answer too', async () => {
  const kapa = await start()
  const client = new Version1Client({ name: 'old', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${apiKey}` } }
  const transport: unknown = new Version1Transport(new URL(kapa.url), { requestInit })
  if (!isTransport(transport)) throw new Error('no transport')
  await client.connect(transport)
  onTestFinished(() => client.close())
  expect(chunksOf(await client.callTool(ask('broker for documentation')))[0]?.source_url).toBe(
    `${kapa.url}documents/README.md`,
  )
})

test('a request without the key gets a challenge, and is not recorded', async () => {
  const kapa = await start()
  const answer = await fetch(kapa.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}x`, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: ask('anything') }),
  })
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('invalid_token'),
  ])
  expect(kapa.calls()).toEqual([])
})

test('a call fails on demand, and the next one works', async () => {
  const kapa = await start()
  const client = await connect(kapa.url)
  const call = (user?: object, timeout = 60_000) => client.callTool(ask('refresh token', user), { timeout })

  kapa.faults.call = { kind: 'status', status: 429, retryAfter: 7, times: 1 }
  await expect(call()).rejects.toMatchObject({ data: { status: 429 } })
  kapa.faults.call = { kind: 'status', status: 503, times: 1 }
  await expect(call()).rejects.toMatchObject({ data: { status: 503 } })
  kapa.faults.call = { kind: 'malformed', times: 1 }
  await expect(call()).rejects.toThrow(/JSON/)
  kapa.faults.call = { kind: 'never', times: 1 }
  await expect(call(undefined, 300)).rejects.toThrow(/timed out/)
  kapa.faults.call = { kind: 'reset', times: 1 }
  // The SDK's client does not notice the end of a connection, and waits.
  await expect(call(undefined, 3_000)).rejects.toThrow()
  kapa.faults.call = { kind: 'error-result', times: 1 }
  expect(await call()).toMatchObject({ isError: true })
  kapa.faults.call = { kind: 'slow', milliseconds: 60, times: 1 }
  expect(chunksOf(await call())).not.toHaveLength(0)

  kapa.faults.call = { kind: 'rejects-meta' }
  await expect(call({ email: 'ada@example.com' })).rejects.toThrow(/_meta/)
  expect(chunksOf(await call())).not.toHaveLength(0)
})

test('connecting fails on demand, and the tool may have another name', async () => {
  const kapa = await start()
  kapa.faults.connect = { kind: 'status', status: 503, times: 1 }
  await expect(connect(kapa.url)).rejects.toThrow()
  kapa.faults.toolName = 'search_something_else'
  const client = await connect(kapa.url)
  expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['search_something_else'])
  await expect(client.callTool(ask('refresh token'))).rejects.toThrow(/not found/)
})

test('faults, calls and reset work over HTTP', async () => {
  const kapa = await start()
  const client = await connect(kapa.url)
  const post = (path: string, body: object) => fetch(kapa.url + path, { method: 'POST', body: JSON.stringify(body) })
  await post('__mock/faults', { call: { kind: 'status', status: 503 } })
  await expect(client.callTool(ask('anything'))).rejects.toMatchObject({ data: { status: 503 } })
  expect(await (await fetch(`${kapa.url}__mock/calls`)).json()).toMatchObject([{ query: 'anything' }])
  expect((await post('__mock/faults', { call: { kind: 'explode' } })).status).toBe(400)
  await post('__mock/reset', {})
  expect(kapa.calls()).toEqual([])
  expect(chunksOf(await client.callTool(ask('refresh token')))).not.toHaveLength(0)
})

test('MCP is at /mcp if configured, and only there', async () => {
  const documents = [join(folder, 'docs')]
  const kapa = await startKapa({ port: 0, apiKey, documents, path: '/mcp' })
  onTestFinished(() => kapa.stop())
  expect(new URL(kapa.url).pathname).toBe('/mcp')
  const client = await connect(kapa.url)
  const [chunk] = chunksOf(await client.callTool(ask('registrations per hour')))
  expect((await fetch(chunk?.source_url ?? '')).status).toBe(200)
  expect((await fetch(new URL('/', kapa.url), { method: 'POST' })).status).toBe(404)
})

test('missing documents are an error at the start, and the port stays free', async () => {
  await expect(startKapa({ port: 0, apiKey, documents: [join(folder, 'missing')] })).rejects.toThrow(/missing/)
})
