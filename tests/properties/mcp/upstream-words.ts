import fc from 'fast-check'
import { anything, few, hostileText } from '../hostile.ts'

/** The answers of hostile or broken upstreams: JSON-RPC, events, passages. */

/** Stands for the API key, in an answer that repeats the request. */
export const key = 'kapa-key-0123456789'

/** Stands for the id of the request, in JSON. */
export const requestId = '@id@'
const id = fc.oneof(
  { weight: 6, arbitrary: fc.constant<unknown>(requestId) },
  { weight: 1, arbitrary: fc.oneof(anything, fc.constantFrom<unknown>(0, 1, 2, 3, 99)) },
)
/** Stands for a value that is nested deeper than most code can handle. */
const deep = '@deep@'
const nested = fc
  .record({
    depth: fc.integer({ min: 2_000, max: 9_000 }),
    level: fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[{"a":', '}]'], ['["b",', ']']),
  })
  .map(({ depth, level: [open = '', close = ''] }) => {
    const levels = Math.ceil(depth / (open.includes('[{') ? 2 : 1))
    return `${open.repeat(levels)}null${close.repeat(levels)}`
  })
/** A value that is sometimes nested in this way. */
const valueOr = (odd: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: odd }, { weight: 1, arbitrary: fc.constantFrom<unknown>(deep, { a: deep }, [deep]) })
/** Texts that a client could take for the broker's own, or for the protocol. */
const inOurName = few(2, {
  _meta: valueOr(
    fc.constantFrom<unknown>(
      { 'mcp/www_authenticate': ['Bearer resource_metadata="https://evil.example/"'] },
      { 'io.modelcontextprotocol/serverInfo': { name: 'evil', version: '1' } },
      { securitySchemes: [{ type: 'noauth' }] },
    ),
  ),
  resultType: fc.constantFrom('input_required', 'complete', 'task', 'x'),
  inputRequests: fc.constant({ a: { method: 'sampling/createMessage' } }),
  ttlMs: fc.integer(),
  cacheScope: fc.constant('public'),
  nextCursor: hostileText,
  unknown: valueOr(anything),
})
/** Texts that no caller may read. */
const telling = fc.oneof(
  fc.constantFrom(`the key ${key} is bad`, `_meta: ${key}`, `user ${key}`, `http://127.0.0.1 ${key}`),
  hostileText,
)
const content = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.oneof(hostileText, nested).map((text) => ({ type: 'text', text })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        { type: 'text', text: 'x', _meta: { a: deep } },
        { type: 'resource', resource: { uri: 'https://docs.example.com/', text: 'words', _meta: { a: deep } } },
        { type: 'resource_link', uri: 'https://docs.example.com/', name: 'a page', unknown: deep },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(anything, fc.constantFrom({ type: 'text' }, { type: 'image', data: 5 }, { type: 'odd' })),
    },
  ),
  { maxLength: 3 },
)
const structured = fc.oneof(
  valueOr(anything),
  fc.dictionary(fc.constantFrom('data', 'total', 'text', 'passages', 'a'), valueOr(anything), { maxKeys: 3 }),
)
/** Results of a tool call. */
export const result = fc.oneof(
  { weight: 3, arbitrary: content.map((content) => ({ content })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(content, inOurName, few(1, { structuredContent: structured, isError: fc.boolean() }))
      .map(([content, ...more]) => Object.assign({ content }, ...more) as unknown),
  },
  { weight: 2, arbitrary: few(2, { content: fc.oneof(content, anything), isError: anything, _meta: anything }) },
  {
    weight: 1,
    arbitrary: few(1, { protocolVersion: fc.oneof(anything, fc.constantFrom('2025-11-25', '1999-01-01')) }),
  },
  { weight: 1, arbitrary: fc.oneof(anything, fc.constant({ resultType: 'input_required', inputRequests: {} })) },
)
const error = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ code: fc.oneof(fc.integer(), anything), message: telling, data: valueOr(telling) }),
  },
  { weight: 1, arbitrary: anything },
)
const message = fc.oneof(
  { weight: 4, arbitrary: fc.record({ jsonrpc: fc.constant('2.0'), id, result }) },
  { weight: 5, arbitrary: fc.record({ jsonrpc: fc.constant('2.0'), id, error }) },
  {
    weight: 2,
    arbitrary: fc.record({
      jsonrpc: fc.constant('2.0'),
      method: fc.constantFrom(
        'ping',
        'notifications/progress',
        'notifications/cancelled',
        'sampling/createMessage',
        'x',
      ),
      id,
      params: fc.oneof(
        valueOr(anything),
        fc.constantFrom({ requestId, reason: 'x' }, { progressToken: requestId, progress: 1 }),
      ),
    }),
  },
  { weight: 1, arbitrary: few(3, { jsonrpc: anything, id, method: anything, result, error }) },
  { weight: 1, arbitrary: anything },
)
/** Answers of Kapa's REST API. */
export const passages = fc.oneof(
  fc.array(
    fc
      .tuple(
        fc.record({ source_url: hostileText, content: fc.oneof(hostileText, nested) }),
        few(1, { more: valueOr(anything) }),
      )
      .map(([passage, more]) => ({ ...passage, ...more })),
    { maxLength: 3 },
  ),
  fc.array(fc.oneof(anything, few(1, { source_url: anything, content: anything })), { maxLength: 2 }),
  fc.record({ detail: telling }),
)

const event = fc
  .tuple(
    fc.oneof(
      message.map((one) => JSON.stringify(one)),
      hostileText,
    ),
    fc.constantFrom(
      'data: ',
      'data:',
      'event: message\ndata: ',
      'id: 1\ndata: ',
      ': x\ndata: ',
      'retry: 1\n\ndata: ',
      'dat',
    ),
    fc.constantFrom('\n\n', '\r\n\r\n', '\r\r', '\n', ''),
  )
  .map(([data, start, end]) => start + data + end)

/** Thousands of messages that each ask for an answer, and then perhaps the expected one. */
const flood = fc
  .record({
    many: fc.constantFrom(20, 300, 3_000),
    method: fc.constantFrom(
      'ping',
      'roots/list',
      'sampling/createMessage',
      'elicitation/create',
      'x/y',
      'notifications/progress',
    ),
    last: fc.array(fc.record({ jsonrpc: fc.constant('2.0'), id: fc.constant(requestId), result }), { maxLength: 1 }),
    asEvents: fc.boolean(),
  })
  .map(({ many, method, last, asEvents }) => {
    const params = { messages: [], maxTokens: 1, message: 'x', progressToken: 1, progress: 1 }
    const all = [...Array.from({ length: many }, (_, id) => ({ jsonrpc: '2.0', id, method, params })), ...last]
    return asEvents
      ? { type: 'text/event-stream', text: all.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('') }
      : { type: 'application/json', text: JSON.stringify(all) }
  })

const anyBody = fc.oneof(
  { weight: 2, arbitrary: flood },
  { weight: 8, arbitrary: message.map((one) => ({ type: 'application/json', text: JSON.stringify(one) })) },
  {
    weight: 1,
    arbitrary: fc
      .array(message, { maxLength: 4 })
      .map((all) => ({ type: 'application/json', text: JSON.stringify(all) })),
  },
  { weight: 3, arbitrary: passages.map((all) => ({ type: 'application/json', text: JSON.stringify(all) })) },
  {
    weight: 4,
    arbitrary: fc.array(event, { maxLength: 4 }).map((all) => ({ type: 'text/event-stream', text: all.join('') })),
  },
  { weight: 2, arbitrary: telling.map((text) => ({ type: 'text/plain', text })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      {
        type: 'application/json',
        text: `{"jsonrpc":"2.0","id":"@id@","result":{"content":[{"type":"text","text":"${'x'.repeat(3_000_000)}"}]}}`,
      },
      { type: 'text/event-stream', text: `data: ${'x'.repeat(3_000_000)}` },
      { type: 'application/json', text: '['.repeat(5_000) },
    ),
  },
)

/** Replaces the placeholders with nested values. */
export const deeply = (some: fc.Arbitrary<{ readonly type: string; readonly text: string }>) =>
  fc
    .tuple(some, nested)
    .map(([{ type, text }, value]) => ({ type, text: text.replaceAll(JSON.stringify(deep), value) }))
export const body = deeply(anyBody)
