import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { kapaProjectId } from '../../dev/kapa/server.ts'
import { callMcp, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** A Kapa project without a hosted MCP server: questions go to Kapa's REST API, and callers see no difference. */

let stack: Stack
let accessToken: string

beforeAll(async () => {
  stack = await startStack({ settings: { KAPA_PROJECT_ID: kapaProjectId, KAPA_INTEGRATION_ID: 'integration-1' } })
  ;({ accessToken } = await obtainTokens(await registerClient(stack.url)))
})
afterAll(() => stack?.stop())
beforeEach(() => stack.kapa.reset())

async function ask(args: object) {
  const params = { name: 'ask_redpanda_question', arguments: { question: 'What is a grant?', ...args } }
  const text = await (await callMcp(stack.mcpUrl, accessToken, 'tools/call', params)).text()
  return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text).result
}

test('KAPA_PROJECT_ID sends questions to the REST API at KAPA_API_URL, under KAPA_INTEGRATION_ID, with as many passages as were asked for', async () => {
  const { content, structuredContent } = await ask({ top_k: 2 })
  expect(content).toHaveLength(2)
  expect(structuredContent.passages).toEqual(content.map(({ text }: { text: string }) => JSON.parse(text)))
  expect(structuredContent.passages[0]).toEqual({ source_url: expect.any(String), content: expect.any(String) })
  expect(stack.kapa.calls()).toMatchObject([
    {
      tool: 'retrieval',
      arguments: { query: 'What is a grant?', top_k: 2, integration_id: 'integration-1' },
      user: { email: expect.stringContaining('@'), metadata: { company_name: expect.any(String) } },
    },
  ])
})

test('if Kapa refuses the user, the question is asked without the user', async () => {
  stack.kapa.faults.call = { kind: 'rejects-meta' }
  const { structuredContent } = await ask({})
  expect(structuredContent.passages.length).toBeGreaterThan(0)
  expect(stack.kapa.calls().map(({ user }) => user !== undefined)).toEqual([true, false])
})

test.each([
  ['its own limit', { kind: 'status', status: 429, retryAfter: 60 }, { detail: 'HTTP 429', retry_after: 60 }],
  ['a fault', { kind: 'error-result' }, { detail: 'HTTP 500' }],
  ['broken JSON', { kind: 'malformed' }, { detail: 'not a list of passages' }],
  ['connections that break', { kind: 'reset' }, { detail: 'connection failed' }],
] as const)('%s is told as JSON that a model can act on', async (_name, fault, expected) => {
  stack.kapa.faults.call = { ...fault }
  const { isError, content } = await ask({})
  expect([isError, content.length]).toEqual([true, 1])
  expect(JSON.parse(content[0].text)).toMatchObject({ error: 'upstream_error', ...expected })
})
