import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Kapa, kapaProjectId, startKapa } from './server.ts'

const apiKey = 'local-kapa-key'
let folder = ''
let kapa: Kapa

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kapa-rest-'))
  mkdirSync(join(folder, 'docs'))
  writeFileSync(
    join(folder, 'docs', 'limits.md'),
    '# Limits\n\nTwenty registrations an hour.\n\n## Window\n\nA window.\n',
  )
  writeFileSync(join(folder, 'docs', 'keys.md'), '# Keys\n\nRegistrations need no key.\n')
  kapa = await startKapa({ port: 0, apiKey, documents: [join(folder, 'docs')] })
})
afterAll(async () => {
  await kapa.stop()
  rmSync(folder, { recursive: true })
})
beforeEach(() => kapa.reset())

const projects = () => new URL('/query/v1/projects/', kapa.url).href

/** `key`: null for none. */
async function post(path: string, body: unknown, key: string | null = apiKey, signal = AbortSignal.timeout(60_000)) {
  const response = await fetch(projects() + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== null && { 'x-api-key': key }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal,
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}
const retrieve = (body: object) => post(`${kapaProjectId}/retrieval/`, body)

test('retrieval gives a list of chunks, best first, and records the caller', async () => {
  const user = { email: 'ada@example.com', metadata: { company_name: 'Engines' } }
  const asked = {
    query: 'How many registrations an hour?',
    integration_id: 'docs',
    user,
    mcp_client_meta: { name: 'proxy', version: '3.1' },
  }
  const { status, body } = await retrieve(asked)
  expect(status).toBe(200)
  expect(body[0]).toEqual({
    source_url: new URL('/documents/docs/limits.md#limits', kapa.url).href,
    content: '# Limits\n\nTwenty registrations an hour.',
  })
  expect(kapa.calls()).toMatchObject([
    { tool: 'retrieval', query: asked.query, arguments: asked, user, client: { name: 'proxy', version: '3.1' } },
  ])
  expect(JSON.stringify(kapa.calls())).not.toContain(apiKey)
})

test('top_k and max_chars bound the result', async () => {
  const query = 'registrations window'
  expect((await retrieve({ query })).body.length).toBeGreaterThan(1)
  expect((await retrieve({ query, top_k: 1 })).body).toHaveLength(1)
  expect((await retrieve({ query, max_chars: 5 })).body).toEqual([])
})

test('documents are returned whole, by their exact URLs, page by page', async () => {
  const urls = ['limits', 'keys'].map((name) => new URL(`/documents/docs/${name}.md`, kapa.url).href)
  const path = `${kapaProjectId}/documents/`
  const { body } = await post(path, { urls: [...urls, `${urls[0]}#limits`], page_size: 1, max_chars_per_document: 8 })
  expect(body).toEqual({
    results: [
      {
        document_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        source_url: urls[1],
        title: 'Keys',
        content: '# Keys\n\n',
        total_chars: 35,
        truncated: true,
      },
    ],
    page: 1,
    page_size: 1,
    total_items: 2,
  })
  const [{ document_id }] = body.results
  expect((await post(path, { document_ids: [document_id] })).body.results).toMatchObject([
    { source_url: urls[1], truncated: false },
  ])
})

test('chat answers, and says when it is uncertain', async () => {
  const path = `${kapaProjectId}/chat/`
  expect((await post(path, { query: 'registrations an hour' })).body).toMatchObject({
    answer: expect.stringContaining('Twenty'),
    is_uncertain: false,
    relevant_sources: [{ title: 'Limits' }, expect.anything()],
  })
  expect((await post(path, { query: 'zzyzx' })).body).toMatchObject({ is_uncertain: true, relevant_sources: [] })
})

test.each([
  ['a query that is missing', {}, 'query'],
  ['an empty query', { query: '' }, 'query'],
  ['too large a top_k', { query: 'x', top_k: 16 }, 'top_k'],
  ['too large a max_chars', { query: 'x', max_chars: 60_001 }, 'max_chars'],
  ['an unknown mode', { query: 'x', mode: 'deeper' }, 'mode'],
  ['a user whose email is not an email address', { query: 'x', user: { email: 'ada' } }, 'user'],
])('%s is 400, and the answer names the field', async (_name, body, field) => {
  const answer = await retrieve(body)
  expect([answer.status, Object.keys(answer.body)]).toEqual([400, [field]])
  expect(answer.body[field]).toEqual([expect.any(String)])
})

test('a missing key is 401, a wrong key 403, another project 404, invalid JSON 400; none of these is recorded', async () => {
  const body = { query: 'x' }
  const answers = [
    await post(`${kapaProjectId}/retrieval/`, body, null),
    await post(`${kapaProjectId}/retrieval/`, body, 'another'),
    await post('another-project/retrieval/', body),
    await post(`${kapaProjectId}/retrieval`, body),
    await post(`${kapaProjectId}/constructor/`, body),
    await post(`${kapaProjectId}/retrieval/`, '{'),
  ]
  expect(answers.map(({ status }) => status)).toEqual([401, 403, 404, 404, 404, 400])
  for (const answer of answers) expect(answer.body).toEqual({ detail: expect.any(String) })
  const got = await fetch(`${projects()}${kapaProjectId}/retrieval/`, { headers: { 'x-api-key': apiKey } })
  expect(got.status).toBe(405)
  expect(kapa.calls()).toEqual([])
})

test('fails like a tool call, with the messages of the REST API', async () => {
  const user = { email: 'ada@example.com' }
  const ask = () => retrieve({ query: 'registrations', user })
  kapa.faults.call = { kind: 'status', status: 429, retryAfter: 7, times: 1 }
  const limited = await ask()
  expect([limited.status, limited.headers.get('retry-after'), limited.body]).toEqual([
    429,
    '7',
    { detail: expect.any(String) },
  ])
  kapa.faults.call = { kind: 'error-result', times: 1 }
  expect(await ask()).toMatchObject({ status: 500, body: { detail: expect.any(String) } })
  kapa.faults.call = { kind: 'malformed', times: 1 }
  await expect(ask()).rejects.toThrow(SyntaxError)
  kapa.faults.call = { kind: 'reset', times: 1 }
  await expect(ask()).rejects.toThrow()
  kapa.faults.call = { kind: 'rejects-meta' }
  expect(await ask()).toMatchObject({ status: 400, body: { user: [expect.stringMatching(/metadata/)] } })
  expect((await retrieve({ query: 'registrations' })).status).toBe(200)
  expect(kapa.calls()).toHaveLength(6)
})

test('a caller that disconnects is recorded', async () => {
  kapa.faults.call = { kind: 'never' }
  const gone = new AbortController()
  const asked = post(`${kapaProjectId}/retrieval/`, { query: 'x' }, apiKey, gone.signal)
  await expect.poll(() => kapa.calls()).toMatchObject([{ cancelled: false }])
  gone.abort()
  await expect(asked).rejects.toThrow()
  await expect.poll(() => kapa.calls()).toMatchObject([{ cancelled: true }])
})

test('takes feedback on an answer that it has given, and fails on demand', async () => {
  const feedback = (body: object) => post('../feedback/', body)
  const { body: answer } = await post(`${kapaProjectId}/chat/`, { query: 'How many registrations?' })
  const good = { question_answer_id: answer.question_answer_id, reaction: 'downvote', comment: 'Per hour?' }
  expect((await feedback(good)).status).toBe(200)
  expect(await feedback({ ...good, question_answer_id: 'made-up' })).toMatchObject({ status: 404 })
  expect(await feedback({ ...good, reaction: 'maybe' })).toMatchObject({
    status: 400,
    body: { reaction: [expect.any(String)] },
  })
  kapa.faults.call = { kind: 'status', status: 429, retryAfter: 3, times: 1 }
  expect((await feedback(good)).headers.get('retry-after')).toBe('3')
  expect(kapa.calls().map(({ tool }) => tool)).toEqual(['chat', 'feedback', 'feedback', 'feedback', 'feedback'])
})
