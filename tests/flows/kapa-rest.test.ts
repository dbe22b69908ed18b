import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import * as v from 'valibot'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { kapaProjectId } from '../../dev/kapa/server.ts'
import { answerIn, callTool, failureIn } from '../support/mcp.ts'
import { callMcp, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** A Kapa project without a hosted MCP server: questions go to Kapa's REST API, and callers see no difference. */

let stack: Stack
let accessToken: string

/** Everything that Kapa's REST API can do besides. */
const choices = {
  KAPA_MODE: 'deep',
  KAPA_PRUNING: 'true',
  KAPA_REDACTION: 'true',
  KAPA_CLIENT_META: 'true',
  KAPA_SOURCE_GROUPS: 'group-1,group-2',
}

beforeAll(async () => {
  stack = await startStack({
    settings: { KAPA_PROJECT_ID: kapaProjectId, KAPA_INTEGRATION_ID: 'integration-1', ...choices },
  })
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

test('KAPA_MODE, KAPA_PRUNING, KAPA_REDACTION, KAPA_CLIENT_META and KAPA_SOURCE_GROUPS reach Kapa', async () => {
  const client = new Client({ name: 'Cursor', version: '1.2' }, { versionNegotiation: { mode: 'auto' } })
  const requestInit = { headers: { authorization: `Bearer ${accessToken}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(stack.mcpUrl), { requestInit }))
  await client.callTool({ name: 'ask_redpanda_question', arguments: { question: 'What is a grant?' } })
  await client.close()
  expect(stack.kapa.calls()).toMatchObject([
    {
      arguments: {
        mode: 'deep',
        use_pruning: true,
        redact_query: true,
        source_group_ids_include: ['group-1', 'group-2'],
      },
      client: { name: 'Cursor', version: '1.2' },
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

describe('a written answer, and feedback on it', () => {
  let written: Stack
  let token: string

  beforeAll(async () => {
    written = await startStack({
      settings: { KAPA_PROJECT_ID: kapaProjectId, KAPA_ANSWERS: 'written', KAPA_FEEDBACK_TOOL_NAME: 'rate_answer' },
    })
    ;({ accessToken: token } = await obtainTokens(await registerClient(written.url), undefined, {
      scope: 'docs:read docs:feedback',
    }))
  })
  afterAll(() => written?.stop())

  const rate = (args: object) => callTool(written.mcpUrl, 'rate_answer', args, token)

  test('KAPA_ANSWERS=written: Kapa writes the answer, and KAPA_FEEDBACK_TOOL_NAME tells Kapa whether it was right', async () => {
    const question = 'What is a grant?'
    const answer = answerIn(await callTool(written.mcpUrl, 'ask_redpanda_question', { question }, token))
    const { passages } = v.parse(v.object({ passages: v.array(v.record(v.string(), v.unknown())) }), answer)
    const [{ question_answer_id: id = '' } = {}, ...sources] = passages
    expect(sources).not.toEqual([])
    expect(sources).toEqual(sources.map(() => ({ source_url: expect.any(String), content: expect.any(String) })))

    expect(answerIn(await rate({ question_answer_id: id, helpful: true }))).toMatchObject({ status: 'submitted' })
    expect(written.kapa.calls()).toMatchObject([
      { tool: 'chat', query: question },
      { tool: 'feedback', arguments: { question_answer_id: id, reaction: 'upvote' } },
    ])
    const madeUp = await rate({ question_answer_id: 'made-up', helpful: true })
    expect(failureIn(madeUp)).toMatchObject({ error: 'unknown_answer' })

    written.kapa.faults.call = { kind: 'status', status: 503, times: 1 }
    const lost = await rate({ question_answer_id: id, helpful: false })
    expect(failureIn(lost)).toMatchObject({ error: 'submission_failed', detail: 'HTTP 503' })
  })
})
