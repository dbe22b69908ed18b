import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { callTool } from '../support/mcp.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { longWindow } from '../support/window.ts'

/** A question without MCP, through the artifact: by people and machines, under the rules of the question tool. */

const secret = 'the secret of the portal in the test of the ask API'
let stack: Stack

beforeAll(async () => {
  keepSecret(secret)
  const digest = createHash('sha256').update(secret).digest('hex')
  const client = { client_id: 'portal', grant_types: ['client_credentials'], client_secret_sha256: digest }
  stack = await startStack({
    settings: {
      MCP_OAUTH_CLIENTS: JSON.stringify([client]),
      MCP_MACHINES: JSON.stringify([{ name: 'portal-check', client: 'portal' }]),
      MCP_USER_LIMIT: '2',
      MCP_LIMIT_WINDOW_SEC: String(longWindow()),
    },
  })
})
afterAll(() => stack?.stop())

const answer = v.object({
  passages: v.array(v.object({ source_url: v.optional(v.string()), content: v.string() })),
  note: v.optional(v.string()),
})

async function ask(body: object, token?: string) {
  const response = await fetch(`${stack.url}/mcp/api/ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const question = { question: 'What is a grant?' }

test('a person is answered and known to Kapa, and the limit is that of /mcp', async () => {
  const email = newAddress()
  const { accessToken } = await obtainTokens(await registerClient(stack.url), email)
  stack.kapa.reset()
  const first = await ask({ ...question, max_characters: 500 }, accessToken)
  expect(first.status).toBe(200)
  const { passages, note } = v.parse(answer, first.body)
  expect(passages.map(({ content }) => content).join('').length).toBeLessThanOrEqual(500)
  expect(note).toContain('For the limit of 500 characters')
  expect(first.headers.get('x-mcp-server')).toMatch(/^mcp-oauth-broker\/\d/)
  expect(stack.kapa.calls()).toMatchObject([{ query: question.question, user: { email } }])

  expect((await callTool(stack.mcpUrl, 'ask_redpanda_question', question, accessToken)).status).toBe(200)
  const third = await ask(question, accessToken)
  expect([third.status, third.body.error]).toEqual([429, 'rate_limited'])
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('a machine is answered, and Kapa learns of no person', async () => {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'portal', client_secret: secret })
  const token = v.parse(
    v.object({ access_token: v.string() }),
    await (await fetch(`${stack.url}/oauth/token`, { method: 'POST', body: form })).json(),
  ).access_token
  keepSecret(token)
  stack.kapa.reset()
  const { status, body } = await ask(question, token)
  expect([status, v.parse(answer, body).passages.length > 0]).toEqual([200, true])
  expect(stack.kapa.calls()).toMatchObject([{ query: question.question }])
  expect(stack.kapa.calls()[0]?.user).toBeUndefined()
})

test('without a token, where one is needed: the challenge', async () => {
  const { status, headers, body } = await ask(question, 'forged')
  expect([status, body.error]).toEqual([401, 'invalid_token'])
  expect(headers.get('www-authenticate')).toContain('resource_metadata="')
})

test('a site without MCP_SKILLS_DIR has no index of skills', async () => {
  expect((await fetch(`${stack.url}/.well-known/agent-skills/index.json`)).status).toBe(404)
})
