import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { deploy } from '../support/deploy.ts'
import { callTool, sendMcp } from '../support/mcp.ts'
import { obtainCodeByMock, registerClient, tokensOf } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/**
 * Mistakes in the settings of `/mcp`. The tests of right values are in the files of the tools: `account-tools`,
 * `api-reference`, `kapa-rest`, `tool-access`.
 */

/** Milliseconds for a printed line to arrive. A test waits that long only if it fails. */
const patience = 60_000

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

const hub = 'https://hub.example.com/mcp'

describe.each<[string, string, Readonly<Record<string, string>>]>([
  ['MCP_TOOL_NAME', 'ask the handbook', {}],
  ['MCP_API_HUB_URL', 'ftp://hub.example.com/mcp', {}],
  ['MCP_API_DOCS_URL', 'pages-of-the-api', {}],
  ['MCP_API_LIST_TOOL_NAME', 'list pages', { MCP_API_HUB_URL: hub }],
  ['MCP_API_SEARCH_TOOL_NAME', 'x'.repeat(65), { MCP_API_HUB_URL: hub }],
  ['MCP_API_CONTENT_TOOL_NAME', 'read/pages', { MCP_API_HUB_URL: hub }],
  ['MCP_FEEDBACK_FORM_PATH', 'http://forms.example.com/', {}],
  ['MCP_FEEDBACK_FORM_PATH', '//forms.example.com/', {}],
  ['MCP_FEEDBACK_TOOL_NAME', 'send feedback', {}],
  ['KAPA_MCP_SERVER_URL', 'kapa-on-another-site', {}],
  ['KAPA_PROJECT_ID', 'my/project', { KAPA_MCP_SERVER_URL: '' }],
  ['KAPA_PROJECT_ID', 'one-way-too-many', {}],
  ['KAPA_API_URL', 'ftp://kapa.example.com', { KAPA_PROJECT_ID: 'project', KAPA_MCP_SERVER_URL: '' }],
  ['MCP_PUBLIC_TOOLS', 'auth_status,whoami', {}],
  ['MCP_PUBLIC_TOOLS', 'submit_documentation_feedback', {}],
  ['MCP_PUBLIC_TOOLS', 'no_such_tool', {}],
  ['REQUIRE_AUTH', 'TRUE', {}],
  ['MCP_ALLOWED_ORIGINS', 'pages.example.com', {}],
  ['MCP_USER_LIMIT', 'many', {}],
  ['MCP_LAZY_AUTH', 'sometimes', {}],
  ['REQUIRE_WORK_EMAIL', 'mostly', {}],
  ['MCP_PLANS', '{"large":{"limit":-1,"organizations":["org_large"]}}', {}],
])('%s is %j', (name, value, others) => {
  test('/mcp answers 503 and nothing else, the log names the setting and no value, and users can sign in', async () => {
    const { url, lines } = await deploy(stack, { ...others, [name]: value })
    const client = await registerClient(url)
    const { request, code } = await obtainCodeByMock(client)
    const { accessToken } = tokensOf(await client.redeem(request, code))
    for (const { status, headers, challenge, body } of [
      await sendMcp(`${url}/mcp`, 'tools/list', {}),
      await sendMcp(`${url}/mcp`, 'tools/list', {}, accessToken),
      await callTool(`${url}/mcp`, 'auth_status', {}),
    ]) {
      expect([status, challenge, body.error]).toEqual([503, null, 'temporarily_unavailable'])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      expect(JSON.stringify(body)).not.toContain(name)
    }
    const metadata = await send(`${url}/.well-known/oauth-protected-resource/mcp`)
    expect([metadata.status, await metadata.json()]).toMatchObject([200, { resource: `${url}/mcp` }])
    const reported = () => lines.filter((line) => line.includes('"misconfigured"')).join('\n')
    await vi.waitFor(() => expect(reported()).toContain(name), patience)
    expect(reported()).not.toContain(value)
    expect(reported()).toContain('"closed":"mcp"')
  })
})

test('two tools with one name are a mistake in the settings of their names', async () => {
  const { url, lines } = await deploy(stack, { MCP_TOOL_NAME: 'whoami' })
  expect((await sendMcp(`${url}/mcp`, 'tools/list', {})).status).toBe(503)
  await vi.waitFor(() => expect(lines.join('\n')).toMatch(/_TOOL_NAME must differ/), patience)
})

test('several mistakes are reported in one line', async () => {
  const { url, lines } = await deploy(stack, { MCP_LAZY_AUTH: 'sometimes', KAPA_MCP_SERVER_URL: 'kapa' })
  await sendMcp(`${url}/mcp`, 'tools/list', {})
  const reported = () => lines.filter((line) => line.includes('"misconfigured"'))
  await vi.waitFor(() => expect(reported()).toHaveLength(1), patience)
  for (const name of ['MCP_LAZY_AUTH', 'KAPA_MCP_SERVER_URL']) expect(reported()[0]).toContain(name)
})
