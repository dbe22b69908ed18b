import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { startHub } from './server.ts'

async function start() {
  const hub = await startHub({ port: 0 })
  onTestFinished(() => hub.stop())
  return hub
}

/** @param mode protocol of 2025 or of 2026 */
async function connect(url: string, mode: 'legacy' | 'auto' = 'auto') {
  const client = new Client({ name: 'proxy', version: '3.1' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  onTestFinished(() => client.close())
  return {
    names: async () => (await client.listTools()).tools.map((tool) => tool.name),
    async call(name: string, args: Record<string, unknown> = {}, timeout = 60_000) {
      const result = await client.callTool({ name, arguments: args }, { timeout })
      const [item] = result.content
      if (item?.type !== 'text' || result.content.length !== 1) throw new Error('not one text')
      return result.isError ? item.text : JSON.parse(item.text)
    },
  }
}

test.each(['legacy', 'auto'] as const)('lists APIs and their pages, without any key (%s)', async (mode) => {
  const hub = await start()
  const { names, call } = await connect(hub.url, mode)
  expect(await names()).toEqual(['list_pages', 'search', 'get_pages'])
  const { data: apis } = await call('list_pages')
  expect(apis.map(({ url }: { url: string }) => url)).toEqual(
    ['admin', 'cloud-controlplane', 'cloud-dataplane', 'http-proxy', 'schema-registry'].map(
      (name) => `${hub.docsUrl}/${name}`,
    ),
  )
  const { data: pages } = await call('list_pages', { url: `${hub.docsUrl}/cloud-controlplane/` })
  expect(new Set(pages.map(({ type }: { type: string }) => type))).toEqual(
    new Set(['authentication', 'topic', 'operation', 'schema', 'webhook']),
  )
  expect(hub.calls()).toMatchObject([
    { tool: 'list_pages', arguments: {}, user: undefined, client: { name: 'proxy', version: '3.1' } },
    { tool: 'list_pages', arguments: { url: `${hub.docsUrl}/cloud-controlplane/` } },
  ])
})

test('finds pages in all APIs, in one API, and of one type; returns at most twenty', async () => {
  const hub = await start()
  const { call } = await connect(hub.url)
  const all = await call('search', { query: 'redpanda' })
  expect([all.data.length, all.total > 20]).toEqual([20, true])
  const found = await call('search', { query: 'broker', url: `${hub.docsUrl}/admin`, type: 'schema' })
  expect(found).toEqual({
    data: [
      {
        type: 'schema',
        url: `${hub.docsUrl}/admin/schema/schema-broker`,
        title: 'broker',
        excerpt: expect.stringMatching(/^A broker: node_id/),
      },
    ],
    total: 1,
  })
  expect(await call('search', { query: 'authentication', type: 'authentication' })).toMatchObject({ total: 5 })
  expect(
    await call('search', { query: 'authentication', url: `${hub.docsUrl}/http-proxy`, type: 'authentication' }),
  ).toMatchObject({ data: [{ url: `${hub.docsUrl}/http-proxy/authentication` }], total: 1 })
  expect(await call('search', { query: 'zzyzx' })).toEqual({ data: [], total: 0 })
})

test('returns whole pages, and shows them to a browser', async () => {
  const hub = await start()
  const { call } = await connect(hub.url)
  const url = `${hub.docsUrl}/admin/operation/operation-get-v1-brokers`
  const { data } = await call('get_pages', { urls: [url, `${hub.docsUrl}/admin/none`] })
  expect(data).toEqual([
    { type: 'operation', url, title: 'GET /v1/brokers', content: expect.stringContaining('Lists the brokers') },
  ])
  expect(await (await fetch(url)).text()).toBe(data[0].content)
  expect((await fetch(`${hub.docsUrl}/none`)).status).toBe(404)
})

test.each([
  ['list_pages', { url: 'https://elsewhere.example/admin' }],
  ['search', { query: 'broker', url: 'https://elsewhere.example/admin' }],
  ['search', { query: 'broker', type: 'song' }],
  ['get_pages', { urls: ['https://docs.example/none'] }],
])('refuses %s of %j', async (tool, args) => {
  const hub = await start()
  const { call } = await connect(hub.url)
  expect(await call(tool, args)).toMatch(/No page|Invalid|invalid/)
})

test('returns ten pages at once, and refuses eleven', async () => {
  const hub = await start()
  const { call } = await connect(hub.url)
  const pages = (count: number) =>
    call('get_pages', { urls: Array.from({ length: count }, () => `${hub.docsUrl}/admin`) })
  expect((await pages(10)).data).toHaveLength(10)
  expect(await pages(11)).toMatch(/invalid/i)
})

test('a key or a token in a request is recorded', async () => {
  const hub = await start()
  await fetch(hub.url, {
    method: 'POST',
    headers: { authorization: 'Bearer astray', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_pages' } }),
  })
  expect(hub.calls()).toMatchObject([{ headers: { authorization: 'Bearer astray' } }])
})

test('accepts faults over HTTP, and forgets them at a reset', async () => {
  const hub = await start()
  const { call, names } = await connect(hub.url)
  const post = (path: string, body: object) =>
    fetch(new URL(path, hub.url), { method: 'POST', body: JSON.stringify(body) })
  await post('/__mock/faults', { call: { kind: 'status', status: 429, retryAfter: 7, times: 1 } })
  await expect(call('list_pages')).rejects.toMatchObject({ data: { status: 429 } })
  await post('/__mock/faults', { call: { kind: 'never', times: 1 } })
  await expect(call('list_pages', {}, 300)).rejects.toThrow(/timed out/)
  await post('/__mock/faults', { missingTool: 'search' })
  expect(await names()).toEqual(['list_pages', 'get_pages'])
  expect((await post('/__mock/faults', { missingTool: 'all' })).status).toBe(400)
  expect(await (await fetch(new URL('/__mock/calls', hub.url))).json()).toHaveLength(2)
  await post('/__mock/reset', {})
  expect([hub.calls(), hub.faults]).toEqual([[], {}])
  expect(await call('list_pages')).toHaveProperty('data')
})
