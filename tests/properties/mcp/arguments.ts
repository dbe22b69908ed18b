import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { CallToolResult } from '@modelcontextprotocol/server'
import fc from 'fast-check'
import { anything, few, hostileText, type Members } from '../hostile.ts'
import { inTime } from '../in-time.ts'
import { callOf } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import { authorizations, discardAuthorizations } from './callers.ts'
import { discardRecordedTools, formUrl, pagesUrl, recordedTools, type Services, succeeded } from './recorded-tools.ts'
import { expectSuccess, failureIn, parsed, readAnswer } from './tool-results.ts'

const bounds = fc.constantFrom(1_999, 2_000, 2_001, 4_999, 5_000, 5_001)
const words = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('how?', ' how? ', 'GET /topics', 'größe') },
  { weight: 2, arbitrary: hostileText },
  { weight: 1, arbitrary: bounds.map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: bounds.map((length) => ` ${'é'.repeat(length)}\n`) },
)
const address = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(`${pagesUrl}/admin`, `${formUrl}?a=b#c`, 'http://other.example/x') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        'https://user:password@docs.example.com/',
        'https://user@other.example/x',
        'https:///x',
        'https://',
        'HTTPS://DOCS.EXAMPLE.COM/Ü',
      ],
      ...['//docs.example.com/', '/home/', 'ftp://docs.example.com/', 'javascript:alert(1)', 'https://a b/'],
      ...[
        'https://docs.example.com/\n',
        'https://docs.example.com/a\tb',
        'https://docs.example.com:99999/',
        'https://[::',
      ],
    ),
  },
  { weight: 1, arbitrary: hostileText },
  { weight: 1, arbitrary: bounds.map((length) => 'https://docs.example.com/'.padEnd(length, 'x')) },
)
const api = fc.oneof(
  fc.constantFrom(
    'admin',
    'all',
    ' all ',
    'ALL',
    '',
    '..',
    '.',
    '../x',
    'a/b',
    '%2e%2e',
    'a?b',
    'a#b',
    'x'.repeat(101),
  ),
  hostileText,
)
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 12 })
const types = fc.constantFrom('operation', 'schema', 'topic', 'Operation', '', 'constructor')
const categories = fc.constantFrom('bug', 'documentation_gap', 'feature_request', 'other', 'Bug', '', 'toString')

/** Good arguments, perhaps with one odd member; or anything. */
const taken = (good: Readonly<Record<string, fc.Arbitrary<unknown>>>, needed: readonly string[]) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(
          fc.record(good),
          fc.subarray(Object.keys(good)),
          few(1, Object.fromEntries(Object.keys(good).map((name) => [name, anything]))),
          few(1, { unknown: anything, constructor: anything }),
        )
        .map(([all, kept, ...odd]) => {
          const members = Object.entries(all).filter(([name]) => needed.includes(name) || kept.includes(name))
          return Object.assign({}, Object.fromEntries(members), ...odd) as unknown
        }),
    },
    { weight: 1, arbitrary: anything },
  )

const calls: fc.Arbitrary<{ readonly name: string; readonly arguments: unknown }> = fc.oneof(
  fc.record({ name: fc.constant('ask'), arguments: taken({ question: words, top_k: fc.integer() }, ['question']) }),
  fc.record({ name: fc.constant('list'), arguments: taken({ api, url: address }, []) }),
  fc.record({
    name: fc.constant('search'),
    arguments: taken({ query: words, type: types, api, url: address }, ['query']),
  }),
  fc.record({ name: fc.constant('read'), arguments: taken({ urls: list(address) }, ['urls']) }),
  fc.record({
    name: fc.constant('feedback'),
    arguments: taken({ feedback: words, category: categories, page_url: address }, ['feedback']),
  }),
  fc.record({ name: fc.constantFrom('status', 'whoami'), arguments: anything }),
)

/** Answers of an upstream, with any texts. */
const said = fc.oneof(
  hostileText,
  fc.record({ source_url: hostileText, content: hostileText }).map((passage) => JSON.stringify(passage)),
  fc
    .record({ data: fc.oneof(fc.array(anything, { maxLength: 3 }), anything), total: anything })
    .map((all) => JSON.stringify(all)),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
)
const contentItem: fc.Arbitrary<CallToolResult['content'][number]> = fc.oneof(
  { weight: 6, arbitrary: said.map((text) => ({ type: 'text' as const, text })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { type: 'image' as const, data: 'AAAA', mimeType: 'image/png' },
      { type: 'audio' as const, data: 'AAAA', mimeType: 'audio/wav' },
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.record({ uri: hostileText, name: hostileText }), few(1, { description: hostileText }))
      .map(([link, more]) => ({ type: 'resource_link' as const, ...link, ...more })),
  },
  {
    weight: 2,
    arbitrary: fc
      .oneof(fc.record({ uri: hostileText, text: said }), fc.record({ uri: hostileText, blob: fc.constant('AAAA') }))
      .map((resource) => ({ type: 'resource' as const, resource })),
  },
)
const data = fc.dictionary(
  fc.oneof(fc.constantFrom('data', 'total', 'text', 'passages', 'more', '__proto__'), hostileText),
  anything,
  { maxKeys: 4 },
)
const upstreamResult: fc.Arbitrary<CallToolResult> = fc.oneof(
  { weight: 6, arbitrary: fc.array(contentItem, { maxLength: 3 }).map((content) => ({ content })) },
  // As MCP recommends: the text contains the same data.
  {
    weight: 2,
    arbitrary: data.map((structuredContent) => ({
      content: [{ type: 'text' as const, text: JSON.stringify(structuredContent) }],
      structuredContent,
    })),
  },
  // Against the recommendation of MCP: text and data differ.
  {
    weight: 3,
    arbitrary: fc.record({ content: fc.array(contentItem, { maxLength: 3 }), structuredContent: data }),
  },
  {
    weight: 1,
    arbitrary: fc.array(contentItem, { maxLength: 2 }).map((content) => ({ content, isError: true })),
  },
)
const answer: fc.Arbitrary<Services['answer']> = fc.oneof(
  { weight: 8, arbitrary: upstreamResult.map(succeeded) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('failure' as const),
      code: fc.constantFrom('timeout' as const, 'upstream_error' as const),
      detail: fc.constant('HTTP 500'),
      durationMs: fc.nat(50_000),
      retryAfter: fc.integer({ min: 1, max: 86_400 }),
    }),
  },
)
const outcome: fc.Arbitrary<Services['outcome']> = fc.constantFrom(
  { kind: 'submitted' },
  { kind: 'failure', code: 'timeout', detail: 'no answer in time', uncertain: true },
  { kind: 'failure', code: 'submission_failed', detail: 'HTTP 301', uncertain: false },
)
const time = fc.integer({ min: 0, max: 4_000_000_000 })
const connection = fc.record(
  {
    clientName: hostileText,
    clientHash: hostileText,
    createdAt: time,
    rotatedAt: time,
    endsAt: time,
    own: fc.boolean(),
  },
  { requiredKeys: ['clientHash', 'createdAt', 'rotatedAt', 'endsAt', 'own'] },
)

export const toolArguments = property({
  name: 'tools: for any arguments and any answer of an upstream, a result or a failure, and only allowed requests to the upstream',
  cases: 1_000,
  values: fc.record({
    call: calls,
    answer,
    outcome,
    connections: fc.option(fc.array(connection, { maxLength: 22 }), { freq: 9 }),
  }),
  afterFailure() {
    discardRecordedTools()
    discardAuthorizations()
  },
  async holds({ call, answer, outcome, connections }) {
    const { tools, services, fetch } = await recordedTools()
    Object.assign(services, { answer, outcome, connections } satisfies Partial<Services>)
    const authorization = (await authorizations()).get('writer') ?? ''
    const request = callOf({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }, authorization)
    const response = await inTime('the answer', 1_000, fetch(request))
    const { result, text } = await inTime('the body', 1_000, readAnswer(response))
    assert.equal(response.status, 200)
    const { asked } = services
    assert(asked.length <= 1, `asked more than once: ${JSON.stringify(asked)}`)
    for (const { of, args } of asked) expectWithinBounds[of](args)
    if (result === undefined) {
      // Arguments that are not an object are no call.
      assert(typeof call.arguments !== 'object' || call.arguments === null || Array.isArray(call.arguments), text)
      assert.deepEqual(asked, [])
      return
    }
    assert(
      text.isWellFormed() && !/(?:^|[^\\])(?:\\\\)*\\ud[89a-f]|[\u007f-\u009f\u2028\u2029]/i.test(text),
      `contains characters that some readers cannot parse: ${text}`,
    )
    const tool = tools.find(({ name }) => name === call.name)
    assert(tool)
    const upstream = asked[0] && asked[0].of !== 'form' && answer.kind === 'answer' ? answer.result : undefined
    const unchanged = upstream && isDeepStrictEqual(result.content, arriving(upstream.content))
    if (upstream?.isError && unchanged) return
    if (upstream && !upstream.isError) assert(unchanged, 'the upstream’s words are changed')
    if (!result.isError) return expectSuccess(result, tool)
    const { error } = failureIn(result)
    assert.notEqual(error, 'internal_error')
    const afterAsking = ['timeout', 'upstream_error', 'submission_failed', 'unknown_api'].includes(error)
    assert.equal(afterAsking, asked.length === 1, `${error}, ${asked.length} asked`)
  },
})

/** The value as the client gets it. U+FFFD replaces lone surrogates, and control characters except tab and line ends. */
const arriving = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_name, member: unknown) => {
    if (typeof member !== 'string') return member
    const text = member.toWellFormed().replaceAll(/[^\P{Cc}\t\n\r]/gu, '\ufffd')
    // JSON within a text contains lone surrogates as escapes.
    return typeof parsed(text) === 'object'
      ? text.replaceAll(/(?<=(?:^|[^\\])(?:\\\\)*)\\ud[89a-f]../gi, '\ufffd')
      : text
  })

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value !== '' && value === value.trim() && value.length <= most

function expectPageUrl(url: unknown): void {
  assert(isText(url, 2_000) && /^https?:\/\/[^\s]+$/i.test(url) && URL.canParse(url), `no address: ${url}`)
}

/** The rules for the arguments in the documentation. */
const expectWithinBounds: Readonly<Record<Services['asked'][number]['of'], (args: Members) => void>> = {
  kapa({ query }) {
    assert(isText(query, 2_000), `no question: ${query}`)
  },
  hub({ query, url, type, urls, ...rest }) {
    assert.deepEqual(rest, {})
    if (query !== undefined) assert(isText(query, 2_000), `no question: ${query}`)
    if (url !== undefined) expectPageUrl(url)
    if (type !== undefined) assert.match(String(type), /^(?:operation|schema|topic|authentication|webhook)$/)
    if (urls === undefined) return
    assert(Array.isArray(urls) && urls.length >= 1 && urls.length <= 10)
    urls.forEach(expectPageUrl)
  },
  form({ feedback, category, page, email, emailVerified, domain, ...rest }) {
    assert.deepEqual([email, emailVerified, domain, rest], ['ada@example.org', true, 'example.org', {}])
    assert(isText(feedback, 5_000), `no feedback: ${feedback}`)
    assert.match(String(category), /^(?:bug|documentation_gap|feature_request|other)$/)
    if (page === '' || (typeof page === 'string' && page.startsWith('/'))) return
    const { protocol, username, password, search, hash } = new URL(String(page))
    assert.deepEqual([/^https?:$/.test(protocol), username, password, search, hash], [true, '', '', '', ''])
  },
}
