import { expect, test } from 'vitest'
import { readMessages } from './messages.ts'

const read = (message: unknown) => readMessages(new TextEncoder().encode(JSON.stringify(message)))
const request = (params?: unknown, method = 'tools/list') => ({ jsonrpc: '2.0', id: 1, method, params })
const initialize = (params: object) => request({ protocolVersion: '2025-11-25', ...params }, 'initialize')
const version = 'io.modelcontextprotocol/protocolVersion'
const clientInfo = 'io.modelcontextprotocol/clientInfo'
const capabilities = 'io.modelcontextprotocol/clientCapabilities'

test.each<[what: string, sent: unknown, meant: unknown]>([
  ['params: null', request(null), request()],
  ['params: []', request([]), request({})],
  ['cursor: null', request({ cursor: null }), request({})],
  ['_meta: null', request({ _meta: null }), request({})],
  ['_meta: []', request({ _meta: [] }), request({ _meta: {} })],
  ['progressToken: null', request({ _meta: { progressToken: null, x: 1 } }), request({ _meta: { x: 1 } })],
  ['arguments: null', request({ name: 'a', arguments: null }), request({ name: 'a' })],
  ['arguments: []', request({ name: 'a', arguments: [] }), request({ name: 'a', arguments: {} })],
  ['an argument of null', request({ arguments: { q: 'x', n: null } }), request({ arguments: { q: 'x' } })],
  ['capabilities: null', initialize({ capabilities: null }), initialize({ capabilities: {} })],
  ['capabilities: []', initialize({ capabilities: [] }), initialize({ capabilities: {} })],
  ['no capabilities', initialize({}), initialize({ capabilities: {} })],
  [
    'empty lists of one capability and another',
    initialize({ capabilities: { sampling: [], roots: { listChanged: null }, elicitation: null } }),
    initialize({ capabilities: { sampling: {}, roots: {} } }),
  ],
  ...[
    [{ sampling: { context: null, tools: [] } }, { sampling: { tools: {} } }],
    [{ elicitation: { form: [], url: null } }, { elicitation: { form: {} } }],
    [{ extensions: { 'io.modelcontextprotocol/ui': [] } }, { extensions: { 'io.modelcontextprotocol/ui': {} } }],
    [
      { extensions: { 'io.x/y': { mimeTypes: ['text/html'], z: null } } },
      { extensions: { 'io.x/y': { mimeTypes: ['text/html'] } } },
    ],
    [{ experimental: { a: [], b: null } }, { experimental: { a: {} } }],
    [
      { tasks: { list: null, requests: { sampling: { createMessage: [] } } } },
      { tasks: { requests: { sampling: { createMessage: {} } } } },
    ],
  ].flatMap(([sent = {}, meant = {}]): [string, unknown, unknown][] => [
    [
      `null and [] within ${Object.keys(sent)}`,
      initialize({ capabilities: sent }),
      initialize({ capabilities: meant }),
    ],
    [
      `null and [] within ${Object.keys(sent)} of the envelope`,
      request({ _meta: { [version]: '2026-07-28', [capabilities]: sent } }),
      request({ _meta: { [version]: '2026-07-28', [capabilities]: meant } }),
    ],
  ]),
  ['clientInfo: [] in the envelope', request({ _meta: { [clientInfo]: [] } }), request({ _meta: {} })],
  ['task: null', request({ name: 'a', task: null }), request({ name: 'a' })],
  ['task: []', request({ name: 'a', task: [] }), request({ name: 'a' })],
  ['clientInfo: null', initialize({ clientInfo: null }), initialize({ capabilities: {} })],
  [
    'a null title of the client',
    initialize({ clientInfo: { name: 'c', title: null } }),
    initialize({ clientInfo: { name: 'c' }, capabilities: {} }),
  ],
  [
    'the envelope of 2026-07-28',
    request({ _meta: { [version]: '2026-07-28', [capabilities]: [], other: null } }),
    request({ _meta: { [version]: '2026-07-28', [capabilities]: {} } }),
  ],
  ['result and error: null', { ...request({}), result: null, error: null }, request({})],
  [
    'a notification with an id of null',
    { jsonrpc: '2.0', method: 'notifications/initialized', id: null, params: null },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
  ],
])('%s means absent', (_what, sent, meant) => {
  expect(JSON.stringify(inOrder(read(sent)))).toBe(JSON.stringify(inOrder(meant)))
  expect(inOrder(read([sent, sent]))).toEqual(inOrder(JSON.parse(JSON.stringify([meant, meant]))))
})

test.each<[what: string, message: unknown]>([
  ['a list in the place of an object that is not empty', request([1])],
  ['an empty text', request('')],
  ['false', request(false)],
  ['0', request({ arguments: 0 })],
  ['a list of arguments', request({ arguments: ['x'] })],
  ['an empty list that is an argument', request({ arguments: { urls: [] } })],
  ['a list in the place of a capability', initialize({ capabilities: { sampling: ['x'] } })],
  ['a list of tasks', request({ name: 'a', task: ['x'] })],
  ['a null in a list', request({ arguments: { urls: [null] } })],
  ['a result', { jsonrpc: '2.0', id: 1, result: null }],
  ['null instead of a message', null],
  ['a text', 'x'],
  ['a batch in a batch', [[request({})]]],
])('an invalid message is not repaired: %s', (_what, message) => {
  expect(read(message)).toEqual(JSON.parse(JSON.stringify(message)))
})

test('a request with an id of null has no id that could be answered, and is not a notification', () => {
  expect(read({ ...request({}), id: null })).toEqual({ ...request({}), id: {} })
})

test.each(['', '{', '[', 'nil', '{"a":1}x'])('%j is not JSON', (body) => {
  expect(readMessages(new TextEncoder().encode(body))).toBeUndefined()
})

test('a member named like one of Object.prototype is an ordinary member', () => {
  const body = '{"method":"tools/call","params":{"arguments":{"__proto__":{"x":1},"constructor":null}}}'
  const message = JSON.stringify(readMessages(new TextEncoder().encode(body)))
  expect(message).toBe('{"method":"tools/call","params":{"arguments":{"__proto__":{"x":1}}}}')
})

/** Returns the same value with the members of each object sorted by name. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, inOrder(member)]),
  )
}
