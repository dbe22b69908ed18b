import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Hub, startHub } from '../../dev/hub/server.ts'
import type { LogLine } from '../../dev/worlds/mcp-endpoint.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { type ApiReference, type ApiReferenceOptions, createApiReference } from './api-reference.ts'

const signal = new AbortController().signal
const lines: LogLine[] = []
let hub: Hub
let reference: ApiReference

beforeAll(async () => {
  hub = await startHub({ port: 0 })
})
afterAll(() => hub?.stop())
beforeEach(() => {
  hub.reset()
  lines.length = 0
  reference = create()
})

const create = (changes: Partial<ApiReferenceOptions> = {}) =>
  createApiReference({
    url: hub.url,
    client: { name: 'docs-proxy', version: '1.2.3' },
    log: recorded((event, fields) => lines.push({ event, ...fields })),
    ...changes,
  })

test('the hub is asked by its own names, over one connection, and learns nothing about the user', async () => {
  const url = `${hub.docsUrl}/admin`
  const answers = [
    await reference.listPages({}, signal),
    await reference.listPages({ url }, signal),
    await reference.search({ query: 'broker', url, type: 'operation' }, signal),
    await reference.getPages({ urls: [url] }, signal),
  ]
  expect(answers.map(({ kind }) => kind)).toEqual(['answer', 'answer', 'answer', 'answer'])
  expect(hub.calls()).toMatchObject([
    { tool: 'list_pages', arguments: {}, client: { name: 'docs-proxy', version: '1.2.3' } },
    { tool: 'list_pages', arguments: { url } },
    { tool: 'search', arguments: { query: 'broker', url, type: 'operation' } },
    { tool: 'get_pages', arguments: { urls: [url] } },
  ])
  for (const { user, headers } of hub.calls()) {
    expect(user).toBeUndefined()
    expect(Object.keys(headers).filter((name) => /authorization|cookie|key/.test(name))).toEqual([])
  }
})

test('the log says how a call ended, and does not contain the query', async () => {
  await reference.search({ query: 'a private query' }, signal)
  hub.faults.call = { kind: 'malformed' }
  expect(await reference.search({ query: 'a private query' }, signal)).toMatchObject({
    kind: 'failure',
    code: 'upstream_error',
    detail: 'not an MCP answer',
  })
  expect(lines).toMatchObject([
    { event: 'hub_answered', isError: false, user: false },
    { event: 'hub_failed', code: 'upstream_error', detail: 'not an MCP answer', user: false },
  ])
  expect(JSON.stringify(lines)).not.toContain('private')
})

test('a temporary failure, such as a broken connection, is tried once more', async () => {
  hub.faults.call = { kind: 'reset', times: 1 }
  expect(await reference.listPages({}, signal)).toMatchObject({ kind: 'answer' })
  expect(hub.calls()).toHaveLength(2)
})

test('two attempts without an answer are a timeout', async () => {
  hub.faults.call = { kind: 'never' }
  expect(await create({ callTimeout: 2_000 }).listPages({}, signal)).toMatchObject({ kind: 'failure', code: 'timeout' })
  expect(hub.calls()).toHaveLength(2)
})
