import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { deploySameIssuer } from '../support/deploy.ts'
import { answerIn, callTool, failureIn } from '../support/mcp.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Failures of the feedback form and of the store, through the artifact, as the callers of tools see them. */

const ask = 'ask_redpanda_question'
const feedback = 'submit_documentation_feedback'
const question = 'What is a grant?'
/** Milliseconds to wait for a printed line. Only a missing line takes that long. */
const patience = 60_000

let stack: Stack
let token: string

beforeAll(async () => {
  stack = await startStack()
  const scope = 'docs:read docs:feedback'
  ;({ accessToken: token } = await obtainTokens(await registerClient(stack.url), newAddress(), { scope }))
})
afterEach(() => {
  stack.forms.reset()
  stack.emulator.clearFaults()
})
afterAll(() => stack?.stop())

describe('when the feedback form', () => {
  const send = () => callTool(stack.mcpUrl, feedback, { feedback: question }, token)

  test.each([301, 404, 500, 503])('answers %i, the user learns that nothing was sent', async (status) => {
    stack.forms.faults.form = { kind: 'status', status, location: '/home/' }
    expect(failureIn(await send())).toEqual({
      error: 'submission_failed',
      message: expect.stringContaining('could not be sent'),
      detail: `HTTP ${status}`,
    })
    // A retry might send it twice.
    expect(stack.forms.submissions()).toHaveLength(1)
    delete stack.forms.faults.form
    answerIn(await send())
  })
})

describe('when the store', () => {
  test('is down, tools still answer, and the log says what could not be looked up [S-07 O-11]', async () => {
    const { accessToken } = await obtainTokens(await registerClient(stack.url))
    const seen = stack.logs.length
    stack.emulator.addFault({ action: 'status', status: 500 })
    answerIn(await callTool(stack.mcpUrl, ask, { question }, accessToken))
    const told = answerIn(await callTool(stack.mcpUrl, 'whoami', {}, accessToken))
    expect(told).toMatchObject({ email: expect.any(String), note: expect.any(String) })
    expect(told).not.toHaveProperty('connection')
    for (const event of ['limit_unavailable', 'mcp_grant_unchecked', 'whoami_incomplete']) {
      await vi.waitFor(() => expect(stack.logs.slice(seen).join('\n')).toContain(`"${event}"`), patience)
    }
  })

  test('is down while an instance starts, the instance answers 503 with Retry-After, and recovers [O-05]', async () => {
    stack.emulator.addFault({ action: 'status', status: 500, key: '^signing-keys/' })
    const { url } = await deploySameIssuer(stack)
    const again = () => callTool(`${url}/mcp`, ask, { question }, token)
    const { status, body, challenge, headers } = await again()
    expect([status, body.error, challenge]).toEqual([503, 'temporarily_unavailable', null])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    stack.emulator.clearFaults()
    await expect.poll(async () => (await again()).status, { timeout: patience }).toBe(200)
  })
})
