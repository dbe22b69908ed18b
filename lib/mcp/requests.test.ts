import { describe, expect, test } from 'vitest'
import { resource } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'

const mcp = mcpForTests()

const version = '2026-07-28'
const envelope = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const call = { name: 'ask_question', arguments: { question: 'how?' } }

/** One request of the 2026-07-28 revision with the given headers; an empty value removes a header. */
async function send(method: string, params: object, headers: Record<string, string> = {}, bearer = mcp.token) {
  const { fetch } = mcp.endpoint()
  const all = new Headers({
    authorization: `Bearer ${bearer}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': version,
    'mcp-method': method,
    ...headers,
  })
  for (const [name, value] of Object.entries(headers)) if (value === '') all.delete(name)
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: envelope } })
  const response = await fetch(new Request(resource, { method: 'POST', headers: all, body }))
  const text = await response.text()
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text
  return { status: response.status, body: JSON.parse(data) }
}

describe('headers and body [S-12]', () => {
  test('that agree are accepted', async () => {
    expect(await send('tools/call', call, { 'mcp-name': 'ask_question' })).toMatchObject({
      status: 200,
      body: { result: { content: [{ text: 'about how?' }] } },
    })
  })

  test.each([
    ['another method', { 'mcp-method': 'tools/list', 'mcp-name': 'ask_question' }],
    ['no method', { 'mcp-method': '', 'mcp-name': 'ask_question' }],
    ['another tool', { 'mcp-name': 'other_tool' }],
    ['no tool', {}],
  ])(
    'disagree if the header names %s: 400 with -32020, and the answer service is not called',
    async (_what, headers) => {
      expect(await send('tools/call', call, headers)).toMatchObject({ status: 400, body: { error: { code: -32020 } } })
      expect(mcp.searchServer.calls).toEqual([])
    },
  )

  test('a base64 name is decoded before it is compared', async () => {
    const encoded = `=?base64?${Buffer.from('ask_question').toString('base64')}?=`
    expect((await send('tools/call', call, { 'mcp-name': encoded })).status).toBe(200)
  })

  test('an unknown method: 404 with -32601', async () => {
    expect(await send('tools/burn', {})).toMatchObject({ status: 404, body: { error: { code: -32601 } } })
  })

  test('an unknown version: 400 with the list of supported versions', async () => {
    const { fetch } = mcp.endpoint()
    const unknown = '2099-01-01'
    const _meta = { ...envelope, 'io.modelcontextprotocol/protocolVersion': unknown }
    const response = await fetch(
      new Request(resource, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${mcp.token}`,
          'mcp-protocol-version': unknown,
          'mcp-method': 'tools/list',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }),
      }),
    )
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({
        error: expect.objectContaining({
          code: -32022,
          data: expect.objectContaining({ supported: expect.arrayContaining([version]) }),
        }),
      }),
    ])
  })

  test('a header grants nothing: an insufficient scope is a 403 before header and body are compared [S-05]', async () => {
    const narrow = await mcp.sign({ scope: 'docs:feedback' })
    const { status } = await send('tools/call', call, { 'mcp-method': 'ping', 'mcp-name': 'other' }, narrow)
    expect(status).toBe(403)
  })
})

test('an endless body is refused as too large, and reading stops', async () => {
  const { fetch } = mcp.endpoint()
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536
      if (sent > 8 * 1024 * 1024) controller.close()
      else controller.enqueue(new Uint8Array(65_536).fill(32))
    },
  })
  const headers = { authorization: `Bearer ${mcp.token}`, 'content-type': 'application/json' }
  // A request with a stream needs this member, which the DOM type lacks.
  const init = { method: 'POST', headers, body, duplex: 'half' }
  const response = await fetch(new Request(resource, init))
  expect(response.status).toBe(413)
  expect(sent).toBeLessThan(2 * 1024 * 1024)
  expect(mcp.searchServer.calls).toEqual([])
})

test('no cache shares between users an answer that depends on a token [S-17]', async () => {
  const { body } = await send('tools/list', {})
  expect(body.result).toMatchObject({ tools: [{ name: 'ask_question' }] })
  expect(body.result.cacheScope).toBe('private')
})

test('the list of tools is the same for every token, in the same order [S-18]', async () => {
  const other = await mcp.sign({ sub: 'user-2', scope: 'docs:read', email: undefined })
  const [one, two] = await Promise.all([send('tools/list', {}), send('tools/list', {}, {}, other)])
  expect(two.body.result.tools).toEqual(one.body.result.tools)
})

test('a 401 of the answer service is a tool result, not a challenge to the client [S-21]', async () => {
  mcp.searchServer.intercept = (method) => (method === 'tools/call' ? new Response(null, { status: 401 }) : undefined)
  const { status, body } = await send('tools/call', call, { 'mcp-name': 'ask_question' })
  expect([status, body.result.isError]).toEqual([200, true])
})

test('a session id grants nothing: every request needs its own token [S-13 S-14 S-01]', async () => {
  const { fetch } = mcp.endpoint()
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
  }
  const post = (headers: Record<string, string>) =>
    fetch(
      new Request(resource, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(initialize),
      }),
    )
  const first = await post({ authorization: `Bearer ${mcp.token}` })
  expect([first.status, first.headers.get('mcp-session-id')]).toEqual([200, null])
  expect((await post({ 'mcp-session-id': 'any' })).status).toBe(401)
})
