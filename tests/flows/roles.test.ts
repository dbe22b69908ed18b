import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { adminToolNames } from '../../lib/people/roles/admin-tool-names.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { answerIn, callTool, sendMcp } from '../support/mcp.ts'
import { newAddress, type OAuthClient, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Roles through the artifact: by a claim of the OpenID Provider, by domain, and for everyone else. */

const everything = 'docs:read docs:feedback'
const always = ['auth_status', 'whoami']
const roles = {
  claims: ['groups'],
  roles: [
    { name: 'writers', scopes: ['docs:read', 'docs:feedback'], values: ['writers'] },
    { name: 'limited', domains: ['contractor.example'] },
  ],
  default: 'none',
}
const contractor = newAddress().replace(/@.*/, '@contractor.example')

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ settings: { MCP_ROLES: JSON.stringify(roles) } })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

async function listed(token: string, mcpUrl = stack.mcpUrl): Promise<readonly string[]> {
  const { body } = await sendMcp(mcpUrl, 'tools/list', {}, token)
  const tools: unknown = body.result?.tools
  return Array.isArray(tools) ? tools.map(({ name }) => name) : []
}

const scopesOf = async (token: string) =>
  (answerIn(await callTool(stack.mcpUrl, 'whoami', {}, token)) as { scopes: readonly string[] }).scopes

test('MCP_ROLES: a group of the provider, a domain and everyone else differ in scopes and tools [F-001-25 N8]', async () => {
  const writer = await obtainTokens(client, newAddress().replace('@', '+group-writers@'), { scope: everything })
  expect(await scopesOf(writer.accessToken)).toEqual(everything.split(' '))
  expect(await listed(writer.accessToken)).toEqual(expect.arrayContaining(['submit_documentation_feedback', ...always]))

  const limited = await obtainTokens(client, contractor, { scope: everything })
  expect(await scopesOf(limited.accessToken)).toEqual(['docs:read'])
  expect(await listed(limited.accessToken)).toEqual(['ask_redpanda_question', ...always])
  const { status, challenge } = await callTool(stack.mcpUrl, 'search_api_reference', {}, limited.accessToken)
  expect([status, challenge]).toEqual([200, null])

  const refused = obtainTokens(client, newAddress(), { scope: everything })
  await expect(refused).rejects.toThrow('the callback was answered 403: Your account may not use this')
  for (const name of adminToolNames) expect(await listed(writer.accessToken)).not.toContain(name)
})

test('MCP_ROLES: a person who loses the role is shut out at the next call, and the page shows it at the next sign-in', async () => {
  const { accessToken, refreshToken } = await obtainTokens(client, contractor)
  const later = await deploySameIssuer(stack, {
    MCP_ROLES: JSON.stringify({ ...roles, roles: roles.roles.slice(0, 1) }),
  })
  const { status, challenge, body } = await sendMcp(`${later.url}/mcp`, 'tools/list', {}, accessToken)
  expect([status, challenge, body]).toMatchObject([403, null, { error: 'role_required' }])
  const form = { grant_type: 'refresh_token', client_id: client.clientId, refresh_token: refreshToken }
  const answer = await fetch(`${later.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_grant' }])
  // The grant stays. Where the role is still there, the client goes on.
  expect((await client.refresh(refreshToken)).status).toBe(200)
})

test.each([
  ['a misspelled member', { ...roles, defualt: 'none' }],
  ['a tool that is not there', { ...roles, roles: [{ ...roles.roles[0], tools: ['ask_evrything'] }] }],
])('MCP_ROLES with %s takes the service out of service and says where [O-10]', async (_what, wrong) => {
  const { accessToken } = await obtainTokens(client, contractor)
  const { url, lines } = await deploySameIssuer(stack, { MCP_ROLES: JSON.stringify(wrong) })
  expect((await sendMcp(`${url}/mcp`, 'tools/list', {}, accessToken)).status).toBe(503)
  expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).toBe(200)
  if ('defualt' in wrong) expect((await fetch(`${url}/oauth/token`, { method: 'POST' })).status).toBe(503)
  // The log follows the answer.
  await vi.waitFor(() => expect(lines.join('\n')).toMatch(/MCP_ROLES/), { timeout: 10_000 })
  expect(lines.join('\n')).not.toMatch(/evrything|defualt/)
})
