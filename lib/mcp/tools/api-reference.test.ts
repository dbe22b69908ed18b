import type { CallToolResult } from '@modelcontextprotocol/server'
import { beforeEach, describe, expect, test } from 'vitest'
import { createTestEndpoint } from '../../../dev/worlds/mcp-endpoint.ts'
import { post, resultOf, rpc } from '../../../dev/worlds/mcp-requests.ts'
import type { ApiReference } from '../../answers/api-reference.ts'
import type { Answer } from '../../answers/calls.ts'
import { getApiReferenceContent, listApiReferencePages, searchApiReference } from './api-reference.ts'

const pagesUrl = 'https://docs.example.com/api/doc'
const listed = { data: [{ url: `${pagesUrl}/admin`, title: 'Admin API', type: 'api' }] }
const asText = (data: object): CallToolResult => ({ content: [{ type: 'text', text: JSON.stringify(data) }] })

/** The requests that the hub received. */
const asked: object[] = []
let answer: Answer

beforeEach(() => {
  asked.length = 0
  answer = { kind: 'answer', result: asText(listed) }
})

const note = (tool: string) => async (args: object) => {
  asked.push({ tool, ...args })
  return answer
}
const apiReference: ApiReference = {
  listPages: note('list_pages'),
  search: note('search'),
  getPages: note('get_pages'),
}

/** An endpoint with the three tools of an API reference whose pages are at `pagesUrl`. */
function endpoint(pagesUrl: string | undefined) {
  const texts = (name: string) => ({ name, title: name, description: `To ${name}.` })
  const options = { access: { signIn: 'if required', scopes: ['docs:read'] }, apiReference, pagesUrl } as const
  const tools = [
    listApiReferencePages({ ...texts('list'), ...options }),
    searchApiReference({ ...texts('search'), ...options }),
    getApiReferenceContent({ ...texts('read'), ...options }),
  ]
  return createTestEndpoint([], { url: 'http://127.0.0.1:9' }, { requireAuth: false, tools })
}

async function call(name: string, args: object, { fetch } = endpoint(pagesUrl)) {
  const response = await fetch(post(rpc('tools/call', { name, arguments: args })))
  return (await resultOf(response)).result
}

/** Returns the message of a failure, as the model reads it. */
async function refusal(name: string, args: object) {
  const { isError, content } = await call(name, args)
  expect([isError, content.length]).toEqual([true, 1])
  return JSON.parse(content[0]?.text ?? '')
}

test('the tools are listed as read-only, idempotent and open-world, with the page types to choose from [S-18]', async () => {
  const response = await endpoint(pagesUrl).fetch(post(rpc('tools/list')))
  const { tools } = (await resultOf(response)).result
  expect(tools).toMatchObject(
    ['list', 'search', 'read'].map((name) => ({
      name,
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: true },
      outputSchema: { type: 'object', properties: { data: { type: 'array' }, text: { type: 'string' } } },
    })),
  )
  expect(tools).toMatchObject([
    { inputSchema: { properties: { api: { type: 'string' }, url: { type: 'string' } } } },
    {
      inputSchema: {
        properties: { type: { enum: ['operation', 'schema', 'topic', 'authentication', 'webhook'] } },
        required: ['query'],
      },
      outputSchema: { properties: { total: { type: 'number' } } },
    },
    { inputSchema: { properties: { urls: { type: 'array' } }, required: ['urls'] } },
  ])
})

describe('the scope of a search', () => {
  test.each([
    [{}, {}],
    [{ api: 'all' }, {}],
    [{ api: '', url: ' ' }, {}],
    [{ api: 'admin' }, { url: `${pagesUrl}/admin` }],
    [{ api: ' cloud-controlplane_v1.2 ' }, { url: `${pagesUrl}/cloud-controlplane_v1.2` }],
    [{ url: 'https://example.org/x/' }, { url: 'https://example.org/x/' }],
    [{ api: '../admin', url: 'https://example.org/x' }, { url: 'https://example.org/x' }],
  ])('%j asks the hub for %j, in the list and in the search', async (scope, expected) => {
    await call('list', scope)
    await call('search', { query: 'broker', ...scope })
    expect(asked).toEqual([
      { tool: 'list_pages', ...expected },
      { tool: 'search', query: 'broker', ...expected },
    ])
  })

  test.each([
    ['..'],
    ['.'],
    ['../secret'],
    ['a/b'],
    ['%2e%2e'],
    ['a?b'],
    ['a#b'],
    ['a b'],
    ['admin\nx'],
    ['ädmin'],
    ['x'.repeat(101)],
  ])('the name %j could point to another address, and is refused', async (api) => {
    expect(await refusal('list', { api })).toMatchObject({ error: 'invalid_api' })
    expect(await refusal('search', { query: 'broker', api })).toMatchObject({ error: 'invalid_api' })
    expect(asked).toEqual([])
  })

  test('without API pages the tools take no API name, and the refusal of one says what to do instead', async () => {
    const unnamed = endpoint(undefined)
    const response = await unnamed.fetch(post(rpc('tools/list')))
    expect(JSON.stringify((await resultOf(response)).result.tools[0])).not.toContain('"api"')
    const { isError, content } = await call('list', { api: 'admin' }, unnamed)
    expect(isError).toBe(true)
    expect(JSON.parse(content[0]?.text ?? '')).toMatchObject({
      error: 'invalid_api',
      message: expect.stringContaining('`url`'),
    })
    expect(await call('list', { api: 'all' }, unnamed)).toMatchObject({ structuredContent: listed })
  })
})

describe('a search', () => {
  test('accepts a trimmed query of 2,000 characters, and a type', async () => {
    const query = 'x'.repeat(2_000)
    await call('search', { query: `  ${query}\n`, type: 'webhook' })
    expect(asked).toEqual([{ tool: 'search', query, type: 'webhook' }])
  })

  test.each([
    ['an empty query', { query: ' \n' }, 'missing_query'],
    ['2,001 characters', { query: 'x'.repeat(2_001) }, 'query_too_long'],
    ['no query', {}, 'invalid_arguments'],
    ['a query that is not text', { query: 7 }, 'invalid_arguments'],
    ['an unknown type', { query: 'broker', type: 'page' }, 'invalid_arguments'],
    ['a relative URL', { query: 'broker', url: '/api/doc' }, 'invalid_url'],
  ])('is refused: %s', async (_name, args, error) => {
    expect(await refusal('search', args)).toEqual({ error, message: expect.any(String) })
    expect(asked).toEqual([])
  })
})

describe('reading pages', () => {
  const page = (number: number) => `${pagesUrl}/admin/${number}`

  test('accepts up to 10 URLs, and sends them unchanged', async () => {
    const urls = Array.from({ length: 10 }, (_, number) => page(number))
    urls[0] = `https://Docs.Example.com/a%20b?q=1#x${'y'.repeat(1_964)}`
    expect(urls[0]).toHaveLength(2_000)
    await call('read', { urls: urls.map((url) => ` ${url} `) })
    expect(asked).toEqual([{ tool: 'get_pages', urls }])
  })

  test.each([
    ['none', { urls: [] }, 'missing_urls'],
    ['11', { urls: Array.from({ length: 11 }, (_, number) => page(number)) }, 'too_many_urls'],
    ['a path', { urls: [page(1), '/admin'] }, 'invalid_url'],
    ['a file', { urls: ['file:///etc/passwd'] }, 'invalid_url'],
    ['a script', { urls: ['javascript:alert(1)'] }, 'invalid_url'],
    ['no host', { urls: ['https://'] }, 'invalid_url'],
    ['a broken host', { urls: ['https://[::1/'] }, 'invalid_url'],
    ['a space in it', { urls: ['https://docs.example.com/a b'] }, 'invalid_url'],
    ['a line break in it', { urls: ['https://docs.exam\nple.com/a'] }, 'invalid_url'],
    ['an empty one', { urls: [''] }, 'invalid_url'],
    ['2,001 characters', { urls: [`https://docs.example.com/${'y'.repeat(1_976)}`] }, 'invalid_url'],
    ['a text instead of a list', { urls: page(1) }, 'invalid_arguments'],
    ['numbers', { urls: [1] }, 'invalid_arguments'],
  ])('is refused: %s', async (_name, args, error) => {
    expect(await refusal('read', args)).toEqual({ error, message: expect.any(String) })
    expect(asked).toEqual([])
  })
})

describe('the result of the hub is passed on, as text and as structured data', () => {
  const text = (text: string) => ({ type: 'text' as const, text })
  const link = { type: 'resource_link' as const, uri: 'https://docs.example.com/a', name: 'a' }

  test.each<[name: string, result: CallToolResult, data: object]>([
    ['an object that is in its text too', { ...asText(listed), structuredContent: listed }, listed],
    [
      'an object beside different text',
      { content: [text('one page')], structuredContent: listed },
      { ...listed, text: 'one page' },
    ],
    ['an object as its one text', asText({ ...listed, total: 1, more: true }), { ...listed, total: 1, more: true }],
    ['prose', { content: [text('# Admin API')] }, { text: '# Admin API' }],
    ['a list', { content: [text('[1]')] }, { text: '[1]' }],
    ['several texts', { content: [text('{"a":1}'), text('two')] }, { text: '{"a":1}\n\ntwo' }],
    ['an item that is not text', { content: [text('see'), link] }, { text: `see\n\n${JSON.stringify(link)}` }],
    ['nothing', { content: [] }, { text: '' }],
    ['data that is not a list', asText({ data: 'none' }), { text: '{"data":"none"}' }],
    ['a total that is not a number', asText({ data: [], total: '7' }), { text: '{"data":[],"total":"7"}' }],
  ])('%s', async (_name, result, data) => {
    answer = { kind: 'answer', result }
    const { structuredContent, content } = await call('search', { query: 'broker' }).then(withData)
    expect(content).toEqual(result.content)
    expect(structuredContent).toEqual(data)
  })

  test('an error of the hub is passed on unchanged', async () => {
    answer = { kind: 'answer', result: { isError: true, content: [text('No page has this URL.')] } }
    expect(await call('read', { urls: [pagesUrl] })).toEqual({
      isError: true,
      content: [text('No page has this URL.')],
    })
  })

  test.each([
    ['list', { api: 'nonesuch' }],
    ['search', { api: 'nonesuch', query: 'broker' }],
  ])('%s: an error about an API uses the name that the caller gave', async (name, args) => {
    answer = { kind: 'answer', result: { isError: true, content: [text('No page has this URL.')] } }
    const { isError, content } = await call(name, args)
    expect(isError).toBe(true)
    const [item] = content
    expect(item?.type === 'text' && JSON.parse(item.text)).toEqual({
      error: 'unknown_api',
      message: expect.stringContaining('`api`'),
      detail: 'No page has this URL.',
    })
    expect(await call(name, { ...args, url: `${pagesUrl}/x` })).toMatchObject({
      content: [text('No page has this URL.')],
    })
  })

  test.each([
    [
      { code: 'timeout', detail: 'no answer in time', durationMs: 44_000 } as const,
      { error: 'timeout', message: expect.stringContaining('The API reference did not answer'), duration_ms: 44_000 },
    ],
    [
      { code: 'upstream_error', detail: 'HTTP 429', durationMs: 9, retryAfter: 30 } as const,
      { error: 'upstream_error', message: expect.stringContaining('30 seconds'), duration_ms: 9, retry_after: 30 },
    ],
  ])('a failure of the hub is reported in the words of this server: %j', async (failed, expected) => {
    answer = { kind: 'failure', ...failed }
    for (const [name, args] of [
      ['list', {}],
      ['search', { query: 'broker' }],
      ['read', { urls: [pagesUrl] }],
    ] as const) {
      expect(await refusal(name, args)).toEqual({ ...expected, detail: failed.detail })
    }
  })
})

const withData = (result: object): Partial<CallToolResult> => result
