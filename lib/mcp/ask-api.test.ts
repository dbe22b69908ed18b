import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { issuer, resource, resourceMetadataUrl } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { answerQuestion } from './ask-api.ts'
import { askPath } from './ask-path.ts'
import type { EndedCall } from './ended-call.ts'

const mcp = mcpForTests()
const url = issuer + askPath
type Changes = Parameters<typeof mcp.endpoint>[0]

/** Sends a request to the address for programs without MCP. */
async function send(init: RequestInit, changes: Changes = {}) {
  const endpoint = mcp.endpoint(changes)
  const served = { fetch: (request: Request) => endpoint.fetch(request) }
  const call = {
    signal: new AbortController().signal,
    requestId: 'request-1',
    address: '203.0.113.7',
    waitUntil: () => {},
  }
  const response = await answerQuestion(new Request(url, init), call, {
    endpoint: served,
    tool: 'ask_question',
    resource,
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

const post = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  body,
  headers: { authorization: `Bearer ${mcp.token}`, 'content-type': 'application/json', ...headers },
})

const question = JSON.stringify({ question: 'How do I begin?' })

describe('a question without MCP', () => {
  test('is answered in plain JSON, as the user of the token', async () => {
    const ofMcp = { 'mcp-method': 'ping', 'mcp-protocol-version': '1999-01-01', 'mcp-session-id': 'x' }
    const { status, headers, body } = await send(post(question, { accept: 'text/html', ...ofMcp }))
    expect([status, body]).toEqual([200, { passages: [{ content: 'about How do I begin?' }] }])
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('x-mcp-server')).toBe('docs/1.2.3')
    expect(headers.get('access-control-expose-headers')).toContain('X-MCP-Server')
    expect(mcp.searchServer.calls).toMatchObject([
      { query: 'How do I begin?', meta: { user: { email: 'ada@example.org', company_name: 'Analytical Engines' } } },
    ])
  })

  test('counts and is recorded as a call of the tool', async () => {
    const ended: EndedCall[] = []
    const hits: string[] = []
    const limit = {
      limit: 10,
      windowSeconds: 900,
      policy: 'user',
      hit: async (who: string) => {
        hits.push(who)
        return { limited: false as const, remaining: 9, resetAfter: 60 }
      },
    }
    const { headers } = await send(post(question), {
      limits: { user: () => limit },
      recordCall: async (call) => void ended.push(call),
    })
    expect(hits).toEqual(['user-1'])
    expect(headers.get('ratelimit-limit')).toBe('10')
    expect(ended).toMatchObject([
      { tool: 'ask_question', outcome: 'ok', token: { sub: 'user-1', clientId: 'client-1' } },
    ])
  })

  test('takes the other arguments of the tool', async () => {
    mcp.searchServer.answer = async () => ({ content: [{ type: 'text', text: 'word '.repeat(500) }] })
    const { body } = await send(post(JSON.stringify({ question: 'how?', max_characters: 600 })))
    expect(body).toEqual({ passages: [{ content: expect.any(String) }], note: expect.stringContaining('600') })
  })
})

describe('a refusal is plain JSON with its status', () => {
  test('401 with the challenge, whatever the method and the body', async () => {
    for (const init of [
      { method: 'POST', body: question },
      { method: 'POST', body: '{' },
      { method: 'GET' },
      post(question, { authorization: 'Bearer forged' }),
    ]) {
      const { status, headers, body } = await send(init)
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toContain(`Bearer resource_metadata="${resourceMetadataUrl}"`)
      expect(body).toMatchObject({ error: expect.stringMatching(/^\w+$/), message: expect.any(String) })
      expect(body).not.toHaveProperty('jsonrpc')
    }
  })

  test.each([
    ['an empty question', '{"question":" "}', 400, 'missing_query'],
    ['a long question', JSON.stringify({ question: 'x'.repeat(2001) }), 400, 'query_too_long'],
    ['no question', '{}', 400, 'invalid_arguments'],
    ['a question that is not a text', '{"question":7}', 400, 'invalid_arguments'],
    ['a list', '["how?"]', 400, 'invalid_request'],
    ['no JSON', 'question=how', 400, 'invalid_request'],
    ['nothing', '', 400, 'invalid_request'],
    ['a body of more than 64 KB', JSON.stringify({ question: 'x'.repeat(66_000) }), 413, 'invalid_request'],
  ])('%s', async (_what, body, status, error) => {
    const answer = await send(post(body))
    expect([answer.status, answer.body]).toEqual([status, { error, message: expect.any(String) }])
    expect(mcp.searchServer.calls).toEqual([])
  })

  test('a form is not JSON: a page could send it without a preflight', async () => {
    const { status, body } = await send(post(question, { 'content-type': 'text/plain' }))
    expect([status, body.error]).toEqual([415, 'invalid_request'])
  })

  test('a token that is bound to a key is for /mcp', async () => {
    const { status, body } = await send(post(question, { authorization: `DPoP ${mcp.token}` }))
    expect([status, body]).toEqual([400, { error: 'invalid_request', message: expect.stringContaining(resource) }])
  })

  test('a token without the scope is told which one it needs', async () => {
    const token = await mcp.sign({ scope: 'docs:other' })
    const { status, headers, body } = await send(post(question, { authorization: `Bearer ${token}` }))
    expect([status, body.error]).toEqual([403, 'insufficient_scope'])
    expect(headers.get('www-authenticate')).toContain('scope="docs:read"')
  })

  test('a web page that is not allowed, without a token', async () => {
    const init = { method: 'POST', body: question, headers: { origin: 'https://evil.example' } }
    const { status, body } = await send(init, { requireAuth: false })
    expect([status, body.error]).toEqual([403, 'invalid_request'])
    expect(mcp.searchServer.calls).toEqual([])
  })

  test('a caller over the limit learns when to come back', async () => {
    const limit = {
      limit: 1,
      windowSeconds: 900,
      policy: 'user',
      hit: async () => ({ limited: true as const, retryAfter: 40 }),
    }
    const { status, headers, body } = await send(post(question), { limits: { user: () => limit } })
    expect([status, headers.get('retry-after')]).toEqual([429, '40'])
    expect(body).toMatchObject({
      error: 'rate_limited',
      message: expect.stringContaining('40 seconds'),
      retry_after: 40,
    })
  })

  test('a user whose role has no questions', async () => {
    const allowanceOf = () => ({ scopes: ['docs:read'], tools: [] })
    const { status, body } = await send(post(question), { allowanceOf })
    expect([status, body]).toEqual([403, { error: 'not_allowed', message: expect.any(String) }])
  })

  test.each([
    ['Kapa is down', () => new Response('', { status: 503, headers: { 'retry-after': '30' } }), 502, 'upstream_error'],
    ['Kapa refuses', () => new Response('', { status: 401 }), 502, 'upstream_error'],
  ])('%s', async (_what, respond, expected, error) => {
    mcp.searchServer.intercept = respond
    const { status, body } = await send(post(question))
    expect([status, body.error]).toEqual([expected, error])
  })

  test('Kapa says that it failed', async () => {
    mcp.searchServer.answer = async () => ({ isError: true, content: [{ type: 'text', text: 'No sources.' }] })
    const { status, body } = await send(post(question))
    expect([status, body]).toEqual([502, { error: 'upstream_refused', message: 'No sources.' }])
  })

  test('GET with a token: 405 with Allow', async () => {
    const { status, headers, body } = await send({ headers: { authorization: `Bearer ${mcp.token}` } })
    expect([status, headers.get('allow'), body.error]).toEqual([405, 'POST, OPTIONS', 'invalid_request'])
  })
})

test('whatever the body is, the answer is plain JSON, and a mistake is the caller’s', async () => {
  mcp.searchServer.answer = async () => ({ content: [{ type: 'text', text: 'An answer.' }] })
  const members = { question: fc.anything(), max_characters: fc.anything(), top_k: fc.anything(), method: fc.string() }
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record(members, { requiredKeys: [] }).map((all) => JSON.stringify(all) ?? ''),
  )
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const { status, body } = await send(post(text))
      if (status === 200) return expect(Object.keys(body)).toEqual(['passages'])
      expect([400, 415]).toContain(status)
      expect(body).toEqual({ error: expect.stringMatching(/^[a-z_]+$/), message: expect.any(String) })
    }),
    { numRuns: 150, seed: 15 },
  )
})
