import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerIn, callTool, failureIn } from '../support/mcp.ts'
import { newAddress, type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { becomes, watchLog } from './drill.ts'

/**
 * Kapa fails. Users keep their session, models are told in words that they understand, and the next question after it works.
 *
 * Alerts: QuestionsFail, QuestionsAreSlow.
 */

const tool = 'ask_redpanda_question'
const question = 'How do I rotate the secret?'

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2 })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

test.each([
  ['it drops connections', { kind: 'close' }, 'upstream_error', 'connection failed'],
  ['it answers 503', { kind: 'status', status: 503 }, 'upstream_error', 'HTTP 503'],
  ['its key was withdrawn', { kind: 'status', status: 401 }, 'upstream_error', 'HTTP 401'],
  ['its limit is reached', { kind: 'status', status: 429, retryAfter: 30 }, 'upstream_error', 'HTTP 429'],
  ['it never answers', { kind: 'never' }, 'timeout', 'no answer in time'],
] as const)('Kapa is down: %s', async (_how, fault, error, detail) => {
  const log = watchLog(stack.logs)
  const { accessToken, refreshToken } = await obtainTokens(client, newAddress())
  stack.kapa.faults.call = fault
  const failed = failureIn(await callTool(stack.mcpUrl, tool, { question }, accessToken))
  expect(failed).toMatchObject({ error, detail })
  await log.has('kapa_failed', { code: error, detail })
  await log.has('mcp_call', { tool, outcome: error })
  // Signing in and readiness do not depend on Kapa.
  const next = tokensOf(await client.refresh(refreshToken))
  await obtainTokens(client)
  await becomes(stack, 'ready')
  stack.kapa.reset()
  expect(answerIn(await callTool(stack.mcpUrl, tool, { question }, next.accessToken))).toHaveProperty('passages')
  await log.has('kapa_answered')
})
