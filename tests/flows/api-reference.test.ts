import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startHub } from '../../dev/hub/server.ts'
import { deploy } from '../support/deploy.ts'
import { exchangeMcp } from '../support/mcp.ts'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The tools that read the API reference, through the artifact, against the stand-in for the hub. */

let stack: Stack
let accessToken: string

beforeAll(async () => {
  stack = await startStack({ settings: { REQUIRE_AUTH: 'false' } })
  ;({ accessToken } = await obtainTokens(await registerClient(stack.url)))
})
afterAll(() => stack?.stop())
beforeEach(() => stack.hub.reset())

/** The result of a message, sent without a token where no sign-in is needed. */
const rpc = async (mcpUrl: string, method: string, params: object, token?: string) =>
  (await exchangeMcp(mcpUrl, method, params, token)).message.result

const call = (name: string, args: object) => rpc(stack.mcpUrl, 'tools/call', { name, arguments: args }, accessToken)

/** The tools of a deploy with other settings. */
async function toolsOf(settings: Readonly<Record<string, string>>) {
  const mcpUrl = `${(await deploy(stack, settings)).url}/mcp`
  const { tools } = await rpc(mcpUrl, 'tools/list', {})
  return { mcpUrl, tools, names: tools.map((tool: { name: string }) => tool.name) }
}

test('a user finds an operation of an API and reads it; the hub learns nothing about the user [S-08 S-09]', async () => {
  const { data: apis } = (await call('list_api_reference_pages', {})).structuredContent
  expect(apis).toContainEqual({ type: 'api', url: `${stack.hub.docsUrl}/admin`, title: 'Admin API' })
  const search = await call('search_api_reference', { api: 'admin', query: 'decommission a broker', type: 'operation' })
  expect(JSON.parse(search.content[0].text)).toEqual(search.structuredContent)
  const { data, total } = search.structuredContent
  expect([total > 0, data[0].url]).toEqual([true, expect.stringMatching(/\/admin\/operation\/.*decommission$/)])
  const page = await call('get_api_reference_content', { urls: [data[0].url] })
  expect(page.structuredContent.data).toMatchObject([{ content: expect.stringContaining('Moves every partition') }])

  expect(stack.hub.calls().map(({ tool, arguments: args }) => [tool, args])).toEqual([
    ['list_pages', {}],
    ['search', { query: 'decommission a broker', url: `${stack.hub.docsUrl}/admin`, type: 'operation' }],
    ['get_pages', { urls: [data[0].url] }],
  ])
  const told = JSON.stringify(stack.hub.calls())
  expect(stack.hub.calls().map(({ user }) => user)).toEqual([undefined, undefined, undefined])
  expect(told).not.toContain(accessToken)
  expect(told).not.toMatch(/authorization|@example/)
})

describe('when the hub fails', () => {
  const failure = (detail: string) => ({ error: 'upstream_error', detail, message: expect.any(String) })

  test.each([
    [
      'a rate limit of the hub',
      { kind: 'status', status: 429, retryAfter: 30 },
      { ...failure('HTTP 429'), retry_after: 30 },
    ],
    ['maintenance', { kind: 'status', status: 503 }, failure('HTTP 503')],
    ['a fault', { kind: 'status', status: 500 }, failure('HTTP 500')],
    ['a redirect', { kind: 'status', status: 302, location: 'http://127.0.0.1:9/' }, failure('HTTP 302')],
    ['connections that break', { kind: 'reset' }, failure('connection failed')],
    ['broken JSON', { kind: 'malformed' }, failure('not an MCP answer')],
  ] as const)('%s is told as JSON that a model can act on', async (_name, fault, expected) => {
    stack.hub.faults.call = { ...fault }
    const { isError, content, structuredContent } = await call('search_api_reference', { query: 'broker' })
    expect([isError, content.length, structuredContent]).toEqual([true, 1, undefined])
    expect(JSON.parse(content[0].text)).toEqual({ ...expected, duration_ms: expect.any(Number) })
  })

  test('once, the broker asks it again over a new connection', async () => {
    stack.hub.faults.call = { kind: 'reset', times: 1 }
    expect(await call('list_api_reference_pages', {})).toMatchObject({ structuredContent: { data: expect.any(Array) } })
    expect(stack.hub.calls()).toHaveLength(2)
  })

  test('its message about a missing page reaches the model unchanged', async () => {
    const args = { urls: [`${stack.hub.docsUrl}/no-such-page`] }
    expect(await call('get_api_reference_content', args)).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'No page has this URL.' }],
    })
  })

  test('questions are still answered', async () => {
    stack.hub.faults.connect = { kind: 'status', status: 500 }
    const { structuredContent } = await call('ask_redpanda_question', { question: 'What is a grant?' })
    expect(structuredContent.passages.length).toBeGreaterThan(0)
  })
})

describe('settings', () => {
  const apiTools = ['list_api_reference_pages', 'search_api_reference', 'get_api_reference_content']

  test('MCP_API_HUB_URL is the hub; with `off`, or with another brand and no hub, there are no such tools', async () => {
    const hub = await startHub({ port: 0 })
    onTestFinished(hub.stop)
    const { names, mcpUrl } = await toolsOf({ MCP_API_HUB_URL: hub.url, MCP_API_DOCS_URL: hub.docsUrl })
    expect(names).toEqual(expect.arrayContaining(apiTools))
    const answer = await rpc(mcpUrl, 'tools/call', { name: apiTools[0], arguments: { api: 'admin' } })
    expect(answer.structuredContent.data[0].url).toMatch(`${hub.docsUrl}/admin/`)
    expect([hub.calls().length, stack.hub.calls().length]).toEqual([1, 0])

    for (const settings of [{ MCP_API_HUB_URL: 'off' }, { MCP_API_HUB_URL: '', MCP_BRAND_NAME: 'Example' }]) {
      const { names } = await toolsOf(settings)
      expect(names.filter((name: string) => apiTools.includes(name))).toEqual([])
    }
  })

  test('MCP_API_DOCS_URL is the address of the API pages; without it no tool takes the name of an API', async () => {
    const properties = ({ tools }: { tools: { name: string; inputSchema: { properties: object } }[] }) =>
      Object.keys(tools.find(({ name }) => name === 'search_api_reference')?.inputSchema.properties ?? {})
    expect(properties(await toolsOf({}))).toContain('api')
    const unnamed = await toolsOf({ MCP_API_DOCS_URL: '', MCP_BRAND_NAME: 'Example' })
    expect(properties(unnamed)).toEqual(['query', 'type', 'url'])
  })

  test('MCP_API_NAMES are the APIs in the descriptions; MCP_API_LIST_TOOL_NAME, MCP_API_SEARCH_TOOL_NAME and MCP_API_CONTENT_TOOL_NAME name the tools', async () => {
    const { tools } = await toolsOf({
      MCP_API_NAMES: 'billing, orders',
      MCP_API_LIST_TOOL_NAME: 'list_example_pages',
      MCP_API_SEARCH_TOOL_NAME: 'search_example_api',
      MCP_API_CONTENT_TOOL_NAME: 'read_example_pages',
    })
    const named = expect.stringContaining('billing, orders')
    expect(tools).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'list_example_pages', description: named }),
        expect.objectContaining({ name: 'search_example_api', description: named }),
        expect.objectContaining({ name: 'read_example_pages' }),
      ]),
    )
  })
})
