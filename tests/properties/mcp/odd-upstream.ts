import assert from 'node:assert/strict'
import fc from 'fast-check'
import { serve } from '../../../dev/worlds/mcp-endpoint.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createKapa } from '../../../lib/answers/kapa.ts'
import { anything, hostileText } from '../hostile.ts'
import { inTime } from '../in-time.ts'
import { members } from '../invariants.ts'
import { property } from '../property.ts'

/** Upstreams that are odd but harmless: pings before the answer, odd items in it, a lost session. */

const lineEnds = ['\n', '\r\n', '\r'] as const
/** A text without line ends, which fits into one line of an event stream. */
const line = fc
  .oneof(
    hostileText,
    anything.map((value) => JSON.stringify(value)),
  )
  .map((text) => text.replace(/[\r\n]/g, ' '))
/** Items that do not answer the request. */
const noAnswer = fc.oneof(
  line.filter((text) => !/"result"|"error"/.test(text)),
  fc.constantFrom(
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}',
    '{"jsonrpc":"2.0","id":"other","method":"ping"}',
    '{"jsonrpc":"2.0","id":"other","result":{"content":[]}}',
    '{"jsonrpc":"2.0","id":"other","error":{"code":-32000,"message":"no"}}',
    '{"jsonrpc":"2.0",',
  ),
)
const name = fc.constantFrom('ping', 'heartbeat', 'endpoint', 'Message', 'messages', 'error', 'close', 'x y')
/** Events, each as its lines. */
const noise = fc.array(
  fc.oneof(
    fc.tuple(name, line).map(([name, data]) => [`event: ${name}`, `data: ${data}`]),
    // An event of another name is ignored, even if it holds an answer.
    name.map((name) => [`event:${name}`, 'data: {"jsonrpc":"2.0","id":"@id@","result":{"content":[]}}']),
    noAnswer.map((data) => [`data: ${data}`]),
    fc.tuple(noAnswer, noAnswer).map(([one, other]) => ['event: message', `data: {${one}`, `data: ${other}`]),
    line.map((text) => [`: ${text}`]),
    line.map((text) => [`id: ${text}`, 'data:']),
    fc.constantFrom(['retry: 10'], ['retry: soon'], ['event: message'], ['data'], ['unknown: field'], ['']),
  ),
  { maxLength: 6 },
)

/** Answers that say that the session is unknown. */
const loss = fc.oneof(
  fc.record({ status: fc.constantFrom(404, 410, 400), text: hostileText }),
  fc.record({
    status: fc.constantFrom(200, 400, 401, 403, 409, 422, 500),
    text: fc.constantFrom(
      '{"jsonrpc":"2.0","id":"@id@","error":{"code":-32001,"message":"Session not found"}}',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Unknown session"}}',
      '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: Server not initialized"}}',
      '{"error":"session_expired"}',
      '{"jsonrpc":"2.0","id":"@id@","error":{"code":-32602,"message":"invalid Mcp-Session-Id"}}',
    ),
  }),
  // A temporary failure.
  fc.record({ status: fc.constantFrom(408, 500, 502, 503, 504, 520, 522), text: hostileText }),
)

const odd = fc.oneof(
  anything.filter((value) => !('type' in members(value))),
  fc.constantFrom<unknown>({ type: 'text' }, { type: 'text', text: null }, { type: 'image', data: 7 }, { type: 'x' }),
)
const scenario = fc.record({
  noise,
  lineEnd: fc.constantFrom(...lineEnds),
  byteOrderMark: fc.boolean(),
  lost: fc.option(loss),
  items: fc.array(odd, { maxLength: 3 }),
  words: hostileText.filter((text) => text.trim() !== ''),
})

export const oddUpstreams = property({
  name: 'tools: the answer arrives despite pings, invalid JSON, odd items and lost sessions',
  cases: 250,
  values: scenario,
  show: (value) => JSON.stringify(value),
  async holds({ noise, lineEnd, byteOrderMark, lost, items, words }) {
    const received: string[] = []
    let session = 0
    let loses = lost !== null
    const served = await serve(async (request) => {
      const message = members(await request.json())
      const { method, id, params } = message
      received.push(String(method))
      if (id === undefined) return new Response(null, { status: 202 })
      if (method === 'tools/call' && loses && lost) {
        loses = false
        session += 1
        return new Response(lost.text.replaceAll('"@id@"', JSON.stringify(id)), {
          status: lost.status,
          headers: { 'content-type': 'application/json' },
        })
      }
      const { protocolVersion } = members(params)
      const result =
        method === 'initialize'
          ? { protocolVersion, capabilities: {}, serverInfo: { name: 'odd', version: '1' } }
          : { content: [...items, { type: 'text', text: words }] }
      const events = [...noise, ['event: message', `data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}`]]
      const text = events.map((lines) => [...lines, '', ''].join(lineEnd)).join('')
      return new Response((byteOrderMark ? '\ufeff' : '') + text.replaceAll('"@id@"', JSON.stringify(id)), {
        headers: { 'content-type': 'text/event-stream', 'mcp-session-id': `session-${session}` },
      })
    })
    try {
      const log = recorded(() => {})
      const client = { name: 'docs-proxy', version: '1.2.3' }
      const kapa = createKapa({ url: served.url, apiKey: 'key', toolName: 'find', client, log })
      const { signal } = new AbortController()
      const answer = await inTime('the answer', 5_000, kapa.ask('how?', { user: undefined, signal }))
      assert.equal(answer.kind, 'answer', JSON.stringify(answer))
      const { content } = answer.kind === 'answer' ? answer.result : { content: [] }
      for (const item of content) {
        const { type, text } = members(item)
        assert(type === 'text' && typeof text === 'string', `not an item of a result: ${JSON.stringify(item)}`)
      }
      const last = content.at(-1)
      assert.equal(last?.type === 'text' && last.text.toWellFormed(), words.toWellFormed())
      const times = (method: string) => received.filter((one) => one === method).length
      assert(times('tools/call') <= (lost ? 2 : 1) && times('initialize') <= (lost ? 2 : 1), received.join())
    } finally {
      await served.stop()
    }
  },
})
