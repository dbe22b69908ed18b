import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createTestEndpoint } from '../../../dev/worlds/mcp-endpoint.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createApiReference } from '../../../lib/answers/api-reference.ts'
import { createFeedbackForm } from '../../../lib/answers/feedback-form.ts'
import { createKapa } from '../../../lib/answers/kapa.ts'
import { createKapaRetrieval } from '../../../lib/answers/kapa-retrieval.ts'
import { searchApiReference } from '../../../lib/mcp/tools/api-reference.ts'
import { askQuestion } from '../../../lib/mcp/tools/ask-question.ts'
import { submitFeedback } from '../../../lib/mcp/tools/feedback.ts'
import { inTime } from '../in-time.ts'
import { callOf, ownEndpoint } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import { type Message, mirrored, written } from './bodies.ts'
import { authorizations, discardAuthorizations } from './callers.ts'
import { type Conduct, goodAnswer, type HostileUpstream, startHostileUpstream } from './hostile-upstream.ts'
import { expectSuccess, failureIn, readAnswer } from './tool-results.ts'
import { conductTo } from './upstream-conduct.ts'
import { key } from './upstream-words.ts'

let started: Promise<HostileUpstream> | undefined

/** Stops everything that this file started. */
export async function stopHostileUpstream(): Promise<void> {
  const upstream = await started
  started = undefined
  await upstream?.stop()
}

const argumentsOf = {
  ask: (text: string) => ({ question: text }),
  retrieve: (text: string) => ({ question: text, top_k: text.length }),
  search: (text: string) => ({ query: text }),
  feedback: (text: string) => ({ feedback: text }),
}
type ToolName = keyof typeof argumentsOf

const ofMcp = conductTo('initialize', 'notifications/initialized', 'tools/call', 'tools/call', 'tools/call')
const scenario = fc
  .oneof(
    fc.record({ name: fc.constantFrom<ToolName>('ask', 'search'), conduct: ofMcp }),
    fc.record({ name: fc.constantFrom<ToolName>('retrieve', 'feedback'), conduct: conductTo('') }),
  )
  .chain(({ name, conduct }) =>
    fc.record({ name: fc.constant(name), conduct: fc.constant(conduct), warm: fc.boolean(), modern: fc.boolean() }),
  )

/** Milliseconds. The deadline for answers that never end, and far more than other answers need on a busy machine. */
const [shortly, amply] = [250, 5_000]

export const upstreamAnswers = property({
  name: 'tools: for any upstream, a result or a failure in time that reveals no secret, and the next call works',
  cases: 300,
  values: scenario,
  show: ({ conduct: { pieces, ...conduct }, ...rest }) =>
    `${JSON.stringify({ ...rest, ...conduct })}\n${JSON.stringify(pieces.map(shown))}`,
  // An open connection must not make other cases fail.
  async afterFailure() {
    discardAuthorizations()
    await stopHostileUpstream()
  },
  async holds({ name, conduct, warm, modern }) {
    started ??= startHostileUpstream()
    const upstream = await started
    upstream.conduct = undefined
    const { call, lines } = await callerFor(upstream, { name, modern, timeout: endless(conduct) ? shortly : amply })
    if (warm) await expectGood(call, upstream, name, 'before')
    upstream.conduct = conduct
    lines.length = 0
    upstream.received.length = 0
    const { result, text, tool } = await call('amid')
    assert(result, `a JSON-RPC error: ${text}`)
    expectToTellNothing(text, upstream)
    expectToTellNothing(JSON.stringify(lines), upstream)
    assert(!JSON.stringify(lines).includes('amid'), 'the log contains the question')
    // A failure that the upstream reports is passed on unchanged.
    const passedOn = lines.some(({ isError }) => isError === true)
    const failed = lines.filter(({ event }) => event.endsWith('_failed'))
    assert.equal(failed.length, result.isError && !passedOn ? 1 : 0, JSON.stringify(lines))
    if (!result.isError) await expectSuccess(result, tool)
    else if (!passedOn && failureIn(result).error === 'internal_error') {
      // Nested deeper than JSON.stringify can write.
      assert.deepEqual(failed, [{ event: 'tool_failed', tool: name, error: 'RangeError' }])
    }
    expectFewMessages(name, upstream.received)
    upstream.conduct = undefined
    await inTime('the end of the connections', 1_000, upstream.settled())
    // A form is sent only once, and its connection may just be closing. All other requests are repeated.
    if (name !== 'feedback' || conduct.ends !== 'resets') await expectGood(call, upstream, name, 'after')
  },
})

const endless = ({ ends }: Conduct) => ends === 'stays' || ends === 'repeats'

/** The sent text, without repetitions. */
function shown(piece: Buffer): string {
  const text = piece.toString('latin1').replace(/([[{"a:b,]{1,5}|[\]}]{1,2})\1{50,}/g, (run, one: string) => {
    return `(${run.length / one.length} times ${one})`
  })
  return text.slice(0, 2_000)
}

/** Allows one repetition where it can help, and no answer to requests of the upstream. */
function expectFewMessages(name: ToolName, received: readonly string[]): void {
  const most: Readonly<Record<string, number>> =
    name === 'feedback'
      ? { '': 1 }
      : name === 'retrieve'
        ? { '': 2 }
        : { initialize: 2, 'notifications/initialized': 2, 'tools/call': 2, 'notifications/cancelled': 4 }
  for (const method of received) {
    const times = received.filter((one) => one === method).length
    assert(times <= (most[method] ?? 0), `sent ${times} times: ${method || 'no request'}`)
  }
}

function expectToTellNothing(text: string, { url }: HostileUpstream): void {
  for (const secret of [key, new URL(url).host, '127.0.0.1'])
    assert(!text.includes(secret), `reveals a secret: ${text}`)
}

type Call = Awaited<ReturnType<typeof callerFor>>['call']

async function expectGood(call: Call, { asked }: HostileUpstream, name: ToolName, question: string): Promise<void> {
  asked.length = 0
  const { result, text, tool } = await call(question)
  assert(result, text)
  assert(!result.isError, `${question}: ${text}`)
  await expectSuccess(result, tool)
  assert(
    name === 'feedback' || text.includes(goodAnswer(question)),
    `${question}: the answer to another question: ${text}`,
  )
  if (name === 'retrieve') assert.equal(asked[0]?.body.top_k, question.length)
}

/** A tool over this upstream that has not been called yet. */
async function callerFor(
  { url }: HostileUpstream,
  { name, modern, timeout }: { readonly name: ToolName; readonly modern: boolean; readonly timeout: number },
) {
  const { key: signingKey, now } = await ownEndpoint()
  const log = recorded((event, fields) => lines.push({ event, ...fields }))
  const timings = { connectTimeout: timeout, callTimeout: timeout, totalTimeout: 3 * timeout }
  const client = { name: 'docs-proxy', version: '1.2.3' }
  const kapa = createKapa({ url: `${url}/kapa`, apiKey: key, toolName: 'find', client, log, ...timings })
  const rest = { url, projectId: 'project', integrationId: undefined, apiKey: key, log, ...timings }
  const texts = { name, title: name, description: name }
  const optionalSignIn = { ...texts, access: { signIn: 'if required', scopes: ['docs:read'] } } as const
  const form = createFeedbackForm({ url: `${url}/form`, formName: 'feedback', timeout })
  const tool = {
    ask: () => askQuestion({ ...optionalSignIn, answerService: kapa }),
    retrieve: () => askQuestion({ ...optionalSignIn, answerService: createKapaRetrieval(rest) }),
    search: () => {
      const apiReference = createApiReference({ url: `${url}/hub`, client, log, ...timings })
      return searchApiReference({ ...optionalSignIn, apiReference, pagesUrl: undefined })
    },
    feedback: () => submitFeedback({ ...optionalSignIn, form, log }),
  }[name]()
  const { fetch, lines } = createTestEndpoint([signingKey], { url }, { tools: [tool], now: () => now, log })
  const authorization = (await authorizations()).get('writer') ?? ''

  async function call(text: string) {
    const message: Message = { method: 'tools/call', id: 1, name, arguments: argumentsOf[name](text) }
    const request = callOf(written(message, modern), authorization)
    if (modern) for (const [header, value] of Object.entries(mirrored(message))) request.headers.set(header, value)
    const answered = async () => readAnswer(await fetch(request), modern ? 'modern' : 'legacy')
    return { ...(await inTime(`the answer ${text}`, 3 * timeout, answered())), tool }
  }
  return { call, lines }
}
