import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestEndpoint, type Served, serve } from '../../../dev/worlds/mcp-endpoint.ts'
import { mcpForTests } from '../../../dev/worlds/mcp-for-tests.ts'
import { resultOf, rpc } from '../../../dev/worlds/mcp-requests.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createKapaFeedback } from '../../answers/kapa-feedback.ts'
import { rateAnswer } from './rate-answer.ts'

const mcp = mcpForTests()
const lines: object[] = []
const received: unknown[] = []
let respond: () => Response
let api: Served

beforeAll(async () => {
  api = await serve(async (request) => {
    const { pathname } = new URL(request.url)
    received.push({ path: pathname, key: request.headers.get('x-api-key'), body: await request.json() })
    return respond()
  })
})
afterAll(() => api.stop())
beforeEach(() => {
  received.length = lines.length = 0
  respond = () => Response.json({})
})

async function rate(args: object, token = mcp.token) {
  const log = recorded((event, fields) => lines.push({ event, ...fields }))
  const feedback = createKapaFeedback({ url: `${api.url}/`, apiKey: 'rest-key', timeout: 300, log })
  const access = { signIn: 'always', scopes: ['docs:read', 'docs:feedback'] } as const
  const tool = rateAnswer({ name: 'rate', title: 'Rate', description: 'Rates an answer.', access, feedback })
  const { fetch } = createTestEndpoint([mcp.key], mcp.searchServer, { tools: [tool] })
  const { result } = await resultOf(
    await fetch(mcp.authorized(rpc('tools/call', { name: 'rate', arguments: args }), token)),
  )
  return { isError: result.isError, ...JSON.parse(result.content[0]?.text ?? '') }
}

const answer = { question_answer_id: 'qa-1', helpful: false }

test('tells Kapa whether an answer was right, and not who says so', async () => {
  expect(await rate({ ...answer, comment: ' It is 30 days. ' })).toMatchObject({ status: 'submitted' })
  expect(await rate({ ...answer, helpful: true })).toMatchObject({ status: 'submitted' })
  const sent = { path: '/query/v1/feedback/', key: 'rest-key' }
  expect(received).toEqual([
    { ...sent, body: { question_answer_id: 'qa-1', reaction: 'downvote', comment: 'It is 30 days.' } },
    { ...sent, body: { question_answer_id: 'qa-1', reaction: 'upvote' } },
  ])
  expect(lines).toEqual(expect.arrayContaining([{ event: 'answer_feedback_sent', helpful: false }]))
  expect(JSON.stringify(lines)).not.toContain('30 days')
})

test.each([
  [{ helpful: true }, 'invalid_arguments'],
  [{ ...answer, helpful: 'yes' }, 'invalid_arguments'],
  [{ ...answer, question_answer_id: '../projects/x' }, 'unknown_answer'],
  [{ ...answer, question_answer_id: ' ' }, 'unknown_answer'],
  [{ ...answer, comment: 'x'.repeat(2001) }, 'comment_too_long'],
])('%j is refused, and Kapa is not asked', async (args, error) => {
  expect(await rate(args)).toMatchObject({ isError: true, error })
  expect(received).toEqual([])
})

test.each([
  ['knows no such answer', () => Response.json({ detail: 'Not found.' }, { status: 404 }), 'unknown_answer'],
  ['does not accept it', () => Response.json({ comment: ['Too long.'] }, { status: 400 }), 'unknown_answer'],
  ['is down', () => new Response('', { status: 503 }), 'submission_failed'],
  ['sends elsewhere', () => new Response('', { status: 302, headers: { location: '/' } }), 'submission_failed'],
  ['never ends its answer', () => new Response(new ReadableStream({})), 'timeout'],
])('if Kapa %s, the user learns it, and the feedback was sent once', async (_what, answers, error) => {
  respond = answers
  expect(await rate(answer)).toMatchObject({ isError: true, error })
  expect(received).toHaveLength(1)
  expect(lines).toEqual(expect.arrayContaining([expect.objectContaining({ event: 'answer_feedback_failed' })]))
})

test('needs the scope for feedback', async () => {
  const token = await mcp.sign({ scope: 'docs:read' })
  expect(await rate(answer, token)).toMatchObject({ isError: true, error: 'insufficient_scope' })
  expect(received).toEqual([])
})
