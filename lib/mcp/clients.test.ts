import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Served, serve } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'

const mcp = mcpForTests()
let served: Served
let url: URL
let requestInit: RequestInit
const statuses: number[] = []

beforeAll(async () => {
  const endpoint = mcp.endpoint()
  served = await serve(async (request) => {
    const response = await endpoint.fetch(request)
    statuses.push(response.status)
    return response
  })
  url = new URL('/mcp', served.url)
  requestInit = { headers: { authorization: `Bearer ${await mcp.sign()}` } }
})
afterAll(() => served.stop())

const clientInfo = { name: 'test', version: '1.0.0' }
const call = { name: 'ask_question', arguments: { question: 'how?', top_k: 5 } }

async function connectV1(): Promise<ClientV1> {
  const client = new ClientV1(clientInfo)
  const transport = new TransportV1(url, { requestInit })
  // The v1 package is not written for exactOptionalPropertyTypes: its own transport does not match its own interface.
  await client.connect({
    start: () => transport.start(),
    send: (message) => transport.send(message),
    close: () => transport.close(),
    setProtocolVersion: (version) => transport.setProtocolVersion(version),
    set onmessage(handler: NonNullable<TransportV1['onmessage']>) {
      transport.onmessage = handler
    },
    set onclose(handler: NonNullable<TransportV1['onclose']>) {
      transport.onclose = handler
    },
    set onerror(handler: NonNullable<TransportV1['onerror']>) {
      transport.onerror = handler
    },
  })
  return client
}

/** Makes the search wait until five simulated seconds have passed and the client has received a progress notification. */
async function progressOf(callTool: (onprogress: (progress: unknown) => void) => Promise<unknown>) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { answer } = mcp.searchServer
  onTestFinished(() => void Object.assign(mcp.searchServer, { answer }))
  const asked = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<unknown>()
  mcp.searchServer.answer = async (query) => {
    asked.resolve()
    await heard.promise
    return answer(query)
  }
  const result = callTool(heard.resolve)
  await asked.promise
  vi.advanceTimersByTime(5_000)
  const answered = { progress: await heard.promise, result: await result }
  // A remaining timer would report progress of a finished search to a client, and keep the instance alive.
  expect(vi.getTimerCount()).toBe(0)
  return answered
}

const progressing = {
  progress: { progress: 1, message: 'Searching the documentation' },
  result: { content: [{ type: 'text', text: 'about how?' }] },
}

test('the v1 SDK client that asks for progress gets a notification every five seconds during a search', async () => {
  const client = await connectV1()
  expect(await progressOf((onprogress) => client.callTool(call, undefined, { onprogress }))).toMatchObject(progressing)
  await client.close()
})

test('the v1 SDK client connects, lists the tool and calls it [S-13]', async () => {
  const client = await connectV1()
  expect(client.getServerVersion()).toMatchObject({ name: 'docs', version: '1.2.3' })
  expect(client.getInstructions()).toBe('Ask about the product.')
  expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['ask_question'])
  expect(await client.callTool(call)).toMatchObject({ content: [{ type: 'text', text: 'about how?' }] })
  await client.close()
})

describe.each([
  ['2025-11-25', {}],
  ['2026-07-28', { versionNegotiation: { mode: 'auto' } }],
] as const)('the v2 client on the %s wire', (version, options) => {
  test('connects, lists the tool and calls it [S-13]', async () => {
    const client = new Client(clientInfo, options)
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
    expect(client.getNegotiatedProtocolVersion()).toBe(version)
    expect(client.getServerVersion()).toMatchObject({ name: 'docs', version: '1.2.3' })
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['ask_question'])
    expect(await client.callTool(call)).toMatchObject({ content: [{ type: 'text', text: 'about how?' }] })
    expect(mcp.searchServer.calls.at(-1)).toMatchObject({ query: 'how?', meta: { user: { email: 'ada@example.org' } } })
    const refused = await client.callTool({ ...call, arguments: { question: ' ' } })
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('missing_query') }] })
    await client.close()
  })

  test('asks for progress, and gets a notification every five seconds during a search', async () => {
    const client = new Client(clientInfo, options)
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
    expect(await progressOf((onprogress) => client.callTool(call, { onprogress }))).toMatchObject(progressing)
    await client.close()
  })
})

test('a client of 2026-07-28 that disconnects cancels its search', async () => {
  const client = new Client(clientInfo, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
  const gone = new AbortController()
  const ended = Promise.withResolvers<void>()
  mcp.searchServer.intercept = (method, request) => {
    if (method !== 'tools/call') return undefined
    gone.abort()
    return new Promise((resolve) => {
      request.signal.addEventListener('abort', () => {
        ended.resolve()
        resolve(new Response(null, { status: 503 }))
      })
    })
  }
  await expect(client.callTool(call, { signal: gone.signal })).rejects.toThrow()
  await ended.promise
  await client.close()
})

test('a client without a token is refused, and never gets a 5xx', async () => {
  const client = new Client(clientInfo)
  await expect(client.connect(new StreamableHTTPClientTransport(url))).rejects.toThrow()
  expect(Math.max(...statuses)).toBeLessThan(500)
})

test('on the 2026-07-28 wire a tool call is one JSON body, and no stream stays open [S-22]', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const send = (method: string, params: object, name?: string) =>
    fetch(url, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(new Headers(requestInit.headers ?? {})),
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(name !== undefined && { 'mcp-name': name }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    })
  const called = await send('tools/call', call, call.name)
  expect(called.headers.get('content-type')).toBe('application/json')
  expect(await called.json()).toMatchObject({ id: 1, result: { content: [{ text: 'about how?' }] } })

  const listed = await send('tools/list', {})
  expect(await listed.json()).toMatchObject({ result: { cacheScope: 'private' } })

  const listening = await send('subscriptions/listen', { notifications: { toolsListChanged: true } })
  expect(await listening.json()).toMatchObject({ id: 1, error: { code: expect.any(Number) } })

  const mismatch = await send('tools/call', call, 'another_tool')
  expect([mismatch.status, (await mismatch.json()).error.code]).toEqual([400, -32020])
})
