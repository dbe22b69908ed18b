import { describe, expect, test } from 'vitest'
import { claims, resource, sign } from '../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { ask, expectReadableByBrowsers, post, resultOf, rpc } from '../../dev/worlds/mcp-requests.ts'

const now = Date.now()
const second = 1000

const mcp = mcpForTests(now)
const { authorized } = mcp

describe('a good token', () => {
  test.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])(
    'with typ %s asks the question, and Kapa receives the user [S-07 S-09]',
    async (typ) => {
      const { fetch } = mcp.endpoint()
      const response = await fetch(authorized(ask('  how?  ', { top_k: 3 }), await mcp.sign({}, { typ })))
      expect(response.status).toBe(200)
      expect(await resultOf(response)).toMatchObject({
        id: 7,
        result: {
          content: [{ type: 'text', text: 'about how?' }],
          structuredContent: { passages: [{ content: 'about how?' }] },
        },
      })
      expect(mcp.searchServer.calls).toEqual([
        {
          query: 'how?',
          meta: { user: { email: 'ada@example.org', company_name: 'Analytical Engines' } },
          authorization: 'Bearer kapa-key',
        },
      ])
    },
  )

  test('a batch may contain one question only, because each question calls the answer service', async () => {
    const { fetch } = mcp.endpoint()
    const batch = (...messages: string[]) => authorized(`[${messages.join(',')}]`)
    expect((await fetch(batch(ask('one?'), ask('two?')))).status).toBe(400)
    expect((await fetch(authorized(` \n[${ask('one?')},${ask('two?')}]`))).status).toBe(400)
    expect(mcp.searchServer.calls).toEqual([])
  })

  test('the scheme is accepted in upper and lower case, and the clock may be 4 s off [S-01 S-07]', async () => {
    const { fetch } = mcp.endpoint({ now: () => now })
    const at = Math.floor(now / second)
    const justExpired = await mcp.sign({ iat: at - 60, exp: at - 3 })
    const fromAhead = await mcp.sign({ iat: at + 3, nbf: at + 3 })
    for (const bearer of [justExpired, fromAhead]) {
      const response = await fetch(post(rpc('tools/list'), { authorization: `bEARER ${bearer}` }))
      expect(response.status).toBe(200)
    }
  })

  test.each(['GET', 'HEAD', 'DELETE', 'PUT', 'PATCH'])('%s is answered 405 with Allow [S-11]', async (method) => {
    const { fetch } = mcp.endpoint()
    const response = await fetch(new Request(resource, { method, headers: { authorization: `Bearer ${mcp.token}` } }))
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, OPTIONS')
    expectReadableByBrowsers(response)
  })

  test.each([
    ['a body that is not JSON', '{', {}, 400, -32700],
    ['another content type', rpc('tools/list'), { 'content-type': 'text/plain' }, 415, -32000],
    ['more than 64 KB', JSON.stringify({ pad: 'x'.repeat(64 * 1024) }), {}, 413, -32000],
    ['JSON that is not JSON-RPC', '{"a":1}', {}, 400, -32600],
    ['a modern version without its envelope', rpc('tools/list'), { 'mcp-protocol-version': '2026-07-28' }, 400, -32602],
  ])('an invalid body gets a JSON-RPC error: %s', async (_name, body, headers, status, code) => {
    const { fetch, lines } = mcp.endpoint()
    const response = await fetch(authorized(body, mcp.token, { ...headers }))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code } })
    expectReadableByBrowsers(response)
    expect(lines).toEqual([])
  })

  test('a notification is answered 202, which web pages may read, and /mcp/ works like /mcp [S-12 S-23 S-24 S-25]', async () => {
    const { fetch } = mcp.endpoint()
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const response = await fetch(post(body, { authorization: `Bearer ${mcp.token}` }, `${resource}/`))
    expect(response.status).toBe(202)
    expectReadableByBrowsers(response)
  })

  test('the tool is listed as read-only and open-world, and no other tool is listed [S-18 S-19]', async () => {
    const { fetch } = mcp.endpoint()
    const { result } = await resultOf(await fetch(authorized(rpc('tools/list'))))
    expect(result.tools).toEqual([
      {
        name: 'ask_question',
        title: 'Ask',
        description: 'Asks the documentation.',
        inputSchema: expect.objectContaining({ type: 'object', required: ['question'] }),
        outputSchema: expect.objectContaining({ type: 'object', required: ['passages'] }),
        annotations: { title: 'Ask', readOnlyHint: true, openWorldHint: true },
        securitySchemes: [{ type: 'oauth2', scopes: ['docs:read'] }],
        _meta: { securitySchemes: [{ type: 'oauth2', scopes: ['docs:read'] }] },
      },
    ])
  })

  test.each([
    ['   ', 'missing_query'],
    ['x'.repeat(2_001), 'query_too_long'],
  ])('an empty or too long question gets an error result in JSON', async (question, error) => {
    const { fetch } = mcp.endpoint()
    const { result } = await resultOf(await fetch(authorized(ask(question))))
    expect(result.isError).toBe(true)
    expect(result.content).toHaveLength(1)
    expect(JSON.parse(result.content[0]?.text ?? '')).toEqual({ error, message: expect.any(String) })
    expect(mcp.searchServer.calls).toEqual([])
  })

  test.each([undefined, 5, ['how?']])(
    'a question that is not a string is refused before the answer service is called',
    async (question) => {
      const { fetch } = mcp.endpoint()
      const answer = await resultOf(await fetch(authorized(ask(question))))
      expect(answer.error ?? answer.result.isError).toBeTruthy()
      expect(JSON.stringify(answer)).not.toMatch(/ at .*\.(m?js|ts)/)
      expect(mcp.searchServer.calls).toEqual([])
    },
  )

  test('interleaved requests of two users each get their own answer, asked with their own identity [S-14 A19 B8-14]', async () => {
    const { fetch } = mcp.endpoint()
    const people = ['ada', 'bob', 'cyd', 'dee']
    const waiting = Promise.withResolvers<void>()
    mcp.searchServer.answer = async (query) => {
      if (mcp.searchServer.calls.length === people.length) waiting.resolve()
      await waiting.promise
      return { content: [{ type: 'text', text: `for ${query}` }] }
    }
    const answers = await Promise.all(
      people.map(async (sub) => {
        const payload = claims(now, { sub, email: `${sub}@${sub}.example`, org_id: undefined, org_name: undefined })
        return resultOf(await fetch(authorized(ask(sub), await sign(mcp.key, payload))))
      }),
    )
    mcp.searchServer.answer = async (query) => ({ content: [{ type: 'text', text: `about ${query}` }] })
    expect(answers.map((answer) => answer.result.content[0]?.text)).toEqual(people.map((sub) => `for ${sub}`))
    for (const { query, meta } of mcp.searchServer.calls) {
      expect(meta).toEqual({ user: { email: `${query}@${query}.example`, company_name: `${query}.example` } })
    }
  })
})

test('a caller that disconnects cancels its question', async () => {
  const { fetch } = mcp.endpoint()
  const gone = new AbortController()
  const cancelled = Promise.withResolvers<void>()
  mcp.searchServer.intercept = (method, request) => {
    if (method !== 'tools/call') return undefined
    gone.abort()
    return new Promise((resolve) => {
      request.signal.addEventListener('abort', () => {
        cancelled.resolve()
        resolve(new Response(null, { status: 503 }))
      })
    })
  }
  const response = await fetch(authorized(ask('how?')), gone.signal)
  await cancelled.promise
  await response.body?.cancel()
  mcp.searchServer.intercept = undefined
  expect(mcp.searchServer.calls).toEqual([])
})
