import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPrivatePages } from './private-pages.ts'

// The search of private pages: the token goes to its URL only, and every answer that makes no sense is a failure.

const { signal } = new AbortController()
let url = ''
let answer: { status: number; body?: string; headers?: Record<string, string> } | 'nothing' = { status: 200 }
const seen: { url: string | undefined; authorization: string | undefined }[] = []

const server = createServer((request, response) => {
  seen.push({ url: request.url, authorization: request.headers.authorization })
  if (answer !== 'nothing') response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
})
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/search`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const search = (timeout = 5_000, wanted: { query: string; space?: string } = { query: 'a & b' }) =>
  createPrivatePages({ url, timeout }).search(wanted, 'the-token', signal)
const page = { title: 'T', url: 'https://pages.example/t', excerpt: 'E' }

test('the words go into the query, and the token into the header', async () => {
  answer = { status: 200, body: JSON.stringify({ pages: [page, null, { ...page, title: 7 }, { ...page, more: 'x' }] }) }
  expect(await search(5_000, { query: 'a & b', space: 'x/y' })).toEqual({ kind: 'pages', pages: [page, page] })
  expect(seen.at(-1)).toEqual({ url: '/search?query=a+%26+b&space=x%2Fy', authorization: 'Bearer the-token' })
  answer = { status: 200, body: '{"pages":[]}' }
  expect(await search()).toEqual({ kind: 'pages', pages: [] })
})

test('long texts are cut, and at most ten pages count', async () => {
  const long = { ...page, title: 't'.repeat(1_000), excerpt: 'e'.repeat(10_000) }
  answer = { status: 200, body: JSON.stringify({ pages: Array(30).fill(long) }) }
  const found = await search()
  const pages = found.kind === 'pages' ? found.pages : []
  expect([pages.length, pages[0]?.title.length, pages[0]?.excerpt.length]).toEqual([10, 300, 2_000])
})

test.each<[string, typeof answer, object]>([
  ['401', { status: 401 }, { kind: 'unauthorized' }],
  ['403', { status: 403 }, { kind: 'forbidden' }],
  ['429', { status: 429, headers: { 'retry-after': '9' } }, { kind: 'failure', code: 'upstream_error', detail: 'HTTP 429', retryAfter: 9 }], // biome-ignore format: one line
  ['503', { status: 503 }, { kind: 'failure', detail: 'HTTP 503' }],
  ['400', { status: 400 }, { kind: 'failure', detail: 'HTTP 400', permanent: true }],
  ['a redirect', { status: 307, headers: { location: 'https://evil.example/' } }, { kind: 'failure', detail: 'HTTP 307' }], // biome-ignore format: one line
  ['a web page', { status: 200, body: '<html>' }, { kind: 'failure', detail: 'not a list of pages' }],
  ['pages that cannot be links', { status: 200, body: JSON.stringify({ pages: [{ ...page, url: 'javascript:x' }] }) }, { kind: 'failure' }], // biome-ignore format: one line
  ['more than fits', { status: 200, body: 'x'.repeat(3_000_000) }, { kind: 'failure', detail: 'not a list of pages' }],
])('%s is told in our own words', async (_what, given, expected) => {
  answer = given
  expect(await search()).toMatchObject(expected)
})

test('no answer in time is a timeout', async () => {
  answer = 'nothing'
  expect(await search(50)).toMatchObject({ kind: 'failure', code: 'timeout', detail: 'no answer in time' })
})
