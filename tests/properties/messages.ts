import assert from 'node:assert/strict'
import fc from 'fast-check'
import { claims, sign } from '../../dev/worlds/mcp-endpoint.ts'
import { anything, few, hostileHeader, hostileText } from './hostile.ts'
import { callOf, ownEndpoint } from './mcp-endpoint.ts'
import { property } from './property.ts'

const call = { jsonrpc: '2.0', id: 1, method: 'tools/call' }
const parameters = fc
  .tuple(
    few(1, {
      name: anything,
      arguments: fc.oneof(anything, few(2, { question: fc.oneof(anything, hostileText), top_k: anything })),
      protocolVersion: fc.constantFrom('2025-03-26', '2025-06-18', '2026-07-28', '1'),
      cursor: hostileText,
    }),
    few(1, {
      _meta: fc.oneof(anything, fc.constant({ user: { email: 'somebody.else@example.org' }, progressToken: 1 })),
    }),
    hostileText,
  )
  .map(([odd, meta, question]) => ({ name: 'ask_question', arguments: { question }, ...odd, ...meta }))
const message = fc
  .tuple(
    parameters,
    few(1, {
      jsonrpc: anything,
      id: anything,
      method: fc.oneof(
        anything,
        fc.constantFrom(
          'initialize',
          'ping',
          'tools/list',
          'resources/list',
          'logging/setLevel',
          'notifications/cancelled',
        ),
        fc.constantFrom('subscriptions/listen', 'server/discover', 'notifications/initialized'),
      ),
      params: anything,
    }),
  )
  .map(([params, odd]) => ({ ...call, params, ...odd }))
/** Gives each request its own id. Of two requests with one id, the SDK answers one and closes while the other still runs. */
const asBatch = (all: readonly object[]) => JSON.stringify(all.map((one, id) => ({ ...one, id })))

const body = fc.oneof(
  { weight: 6, arbitrary: message.map((one) => JSON.stringify(one)) },
  { weight: 1, arbitrary: fc.array(message, { maxLength: 3 }).map(asBatch) },
  { weight: 1, arbitrary: hostileText },
  { weight: 1, arbitrary: fc.tuple(message, fc.nat(200)).map(([one, at]) => JSON.stringify(one).slice(0, at)) },
)
const headers = fc.array(
  fc.tuple(
    fc.constantFrom(
      'accept',
      'content-type',
      'mcp-protocol-version',
      'mcp-method',
      'mcp-name',
      'mcp-session-id',
      'last-event-id',
      'origin',
      'content-encoding',
    ),
    fc.oneof(
      hostileHeader,
      fc.constantFrom(
        '2026-07-28',
        '2025-06-18',
        '1999-01-01',
        'tools/call',
        'tools/list',
        'ask_question',
        'null',
        'gzip',
      ),
    ),
  ),
  { maxLength: 3 },
)
const method = fc.oneof(
  { weight: 9, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD', 'constructor') },
)

export const messages = property({
  name: 'the MCP endpoint: answers every message of a signed-in client, and tells the answer service about no other user',
  cases: 250,
  values: fc.record({ body, headers, method }),
  async holds({ body, headers, method }) {
    const { fetch, key, now, searchServer } = await ownEndpoint()
    searchServer.calls.length = 0
    const request = callOf(body, `Bearer ${await sign(key, claims(now))}`)
    const all = new Headers(request.headers)
    for (const [name, value] of headers) all.append(name, value)
    const takesBody = method !== 'GET' && method !== 'HEAD'
    const response = await fetch(new Request(request.url, { method, headers: all, ...(takesBody ? { body } : {}) }))
    const text = await response.text()
    assert(response.status < 500, `a server error: ${response.status} ${text}`)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
    assert.doesNotMatch(response.headers.get('content-type') ?? '', /html/)
    assert(!text.includes('    at '), `a stack trace: ${text}`)
    assert(!text.includes('"code":-32603'), `reports an internal error: ${text}`)
    for (const { meta, authorization } of searchServer.calls) {
      assert.deepEqual(meta?.user, { email: 'ada@example.org', company_name: 'Analytical Engines' })
      assert.equal(authorization, 'Bearer kapa-key')
    }
    const questions = searchServer.calls.map(({ query }) => query)
    assert(questions.length <= 1, `one request, several questions: ${JSON.stringify(questions)}`)
  },
})
