import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import { expect, onTestFinished, test } from 'vitest'
import { listenOnLoopback } from '../stand-in.ts'
import { createMcpEndpoint, type McpCall } from './endpoint.ts'
import type { McpFaults } from './faults.ts'

/** An MCP server with one tool. */
async function start() {
  const calls: McpCall[] = []
  const faults: McpFaults = {}
  const endpoint = createMcpEndpoint({
    createServer(work) {
      const server = new McpServer({ name: 'stand-in', version: '1' })
      server.registerTool('greet', {}, async (context) => {
        await work(context)
        return { content: [{ type: 'text', text: 'hello' }] }
      })
      return server
    },
    faults,
    record: (call) => void calls.push(call),
  })
  const { port, stop } = await listenOnLoopback(0, endpoint.handle)
  onTestFinished(async () => {
    await endpoint.close()
    await stop()
  })
  return { url: `http://localhost:${port}/`, calls, faults, forgetSessions: endpoint.forgetSessions }
}

const modes = ['legacy', 'auto'] as const

async function connect(url: string, mode: (typeof modes)[number]) {
  const client = new Client({ name: 'client', version: '1' }, { versionNegotiation: { mode } })
  const transport = new StreamableHTTPClientTransport(new URL(url))
  await client.connect(transport)
  onTestFinished(() => client.close())
  return { client, transport }
}

const greeting = { content: [{ type: 'text', text: 'hello' }] }
const asAda = { name: 'greet', _meta: { user: { email: 'ada@example.com' } } }

test.each(modes)('a slow call reports progress to a client that asked for it, and then answers (%s)', async (mode) => {
  const { url, faults } = await start()
  const { client } = await connect(url, mode)
  const seen: unknown[] = []
  faults.call = { kind: 'progress', milliseconds: 60, every: 20, times: 1 }
  expect(await client.callTool({ name: 'greet' }, { onprogress: (progress) => seen.push(progress) })).toMatchObject(
    greeting,
  )
  expect(seen).toEqual([20, 40, 60].map((progress) => ({ progress, total: 60 })))
  expect(faults.call).toBeUndefined()
})

test('a slow call reports no progress to a client that did not ask', async () => {
  const { url, faults } = await start()
  faults.call = { kind: 'progress', milliseconds: 60, every: 20 }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet', arguments: {} } }
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const before = performance.now()
  const answer = await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(call) })).text()
  expect(performance.now() - before).toBeGreaterThan(50)
  expect(answer).toContain('hello')
  expect(answer).not.toContain('progress')
})

test.each(modes)('a client uses the session of a server with sessions (%s)', async (mode) => {
  const { url, faults, calls } = await start()
  faults.sessions = true
  const { client, transport } = await connect(url, mode)
  expect(await client.callTool({ name: 'greet' })).toMatchObject(greeting)
  expect(calls).toMatchObject([{ headers: { 'mcp-session-id': transport.sessionId } }])
  await transport.terminateSession()
  await expect(client.callTool({ name: 'greet' })).rejects.toThrow()
})

test('a server with sessions refuses requests without a session, and answers 404 to a forgotten session', async () => {
  const { url, faults, forgetSessions } = await start()
  faults.sessions = true
  const { client } = await connect(url, 'legacy')
  await forgetSessions()
  await expect(client.callTool({ name: 'greet' })).rejects.toMatchObject({ data: { status: 404 } })
  const bare = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  expect(bare.status).toBe(400)
})

test('a refusal of _meta is an error of the protocol, of HTTP or of the tool', async () => {
  const { url, faults } = await start()
  const { client } = await connect(url, 'legacy')
  faults.call = { kind: 'rejects-meta', times: 1 }
  await expect(client.callTool(asAda)).rejects.toMatchObject({ code: -32_602, message: expect.stringMatching(/_meta/) })
  faults.call = { kind: 'rejects-meta', by: 'http', times: 1 }
  await expect(client.callTool(asAda)).rejects.toMatchObject({ data: { status: 400 } })
  faults.call = { kind: 'rejects-meta', by: 'result' }
  expect(await client.callTool(asAda)).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/_meta/) }],
  })
  expect(await client.callTool({ name: 'greet' })).toMatchObject(greeting)
})

test.each(['reset', 'malformed'] as const)('the first message fails on demand: %s', async (kind) => {
  const { url, faults } = await start()
  faults.connect = { kind, times: 1 }
  const discover = { jsonrpc: '2.0', id: 1, method: 'server/discover' }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(discover) })
  await expect(answer.json()).rejects.toThrow()
  await connect(url, 'auto')
})

test('a caller that disconnects is recorded; a caller that was answered or cut off is not', async () => {
  const { url, faults, calls } = await start()
  const { client } = await connect(url, 'legacy')
  await client.callTool({ name: 'greet' })
  faults.call = { kind: 'reset', times: 1 }
  await expect(client.callTool({ name: 'greet' }, { timeout: 100 })).rejects.toThrow()
  faults.call = { kind: 'never' }
  const gone = new AbortController()
  const asked = client.callTool({ name: 'greet' }, { signal: gone.signal })
  await expect.poll(() => calls.length).toBe(3)
  gone.abort()
  await client.close()
  await expect(asked).rejects.toThrow()
  await expect.poll(() => calls.map(({ cancelled }) => cancelled)).toEqual([false, false, true])
})
