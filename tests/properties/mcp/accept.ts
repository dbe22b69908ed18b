import assert from 'node:assert/strict'
import fc from 'fast-check'
import { claims, sign } from '../../../dev/worlds/mcp-endpoint.ts'
import { hostileHeader } from '../hostile.ts'
import { callOf, ownEndpoint } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import { mirrored, written } from './bodies.ts'
import { messageIn } from './tool-results.ts'

/** An `Accept` header, and what a client that sends it can read (RFC 9110 §12.5.1). */

interface Range {
  readonly type: string
  /** In thousandths. `undefined`: not given, which means 1,000. */
  readonly weight: number | undefined
}

const ours = ['application/json', 'text/event-stream'] as const
const range: fc.Arbitrary<Range> = fc.record({
  type: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<string>(...ours) },
    { weight: 3, arbitrary: fc.constantFrom('*/*', 'application/*', 'text/*') },
    { weight: 1, arbitrary: fc.constantFrom('text/html', 'image/*', 'application/problem+json', 'text/event') },
  ),
  weight: fc.oneof(fc.constantFrom(undefined, 0, 1_000, 1, 500), fc.nat(1_000)),
})

/** Spellings of the header. All mean the same. */
const writing = fc.record({
  capitals: fc.boolean(),
  space: fc.constantFrom('', ' ', '\t', '  '),
  parameter: fc.constantFrom('', ';charset=utf-8', ';v="1,2;q=0, x/y"'),
  digits: fc.constantFrom(3, 1),
  empty: fc.boolean(),
  lines: fc.boolean(),
})
type Writing = typeof writing extends fc.Arbitrary<infer T> ? T : never

function write({ type, weight }: Range, how: Writing): string {
  const named = (how.capitals ? type.toUpperCase() : type) + how.parameter
  if (weight === undefined) return named
  const fraction = (weight / 1_000).toFixed(3)
  const q = how.digits === 1 ? fraction.replace(/\.?0+$/, '') : fraction
  return `${named}${how.space};${how.space}${how.capitals ? 'Q' : 'q'}=${q}`
}

/** The weight of a type from the ranges: the greatest of the most specific ranges that cover it. */
function weightOf(type: string, ranges: readonly Range[]): number {
  const covering = [type, type.replace(/\/.*/, '/*'), '*/*'].map((name) => ranges.filter((one) => one.type === name))
  const deciding = covering.find((some) => some.length > 0) ?? []
  return Math.max(0, ...deciding.map(({ weight = 1_000 }) => weight))
}

export const acceptHeaders = property({
  name: 'the MCP endpoint: answers in the form that the client prefers of those it accepts, or with 406',
  cases: 250,
  values: fc.record({
    ranges: fc.array(range, { maxLength: 5 }),
    how: writing,
    odd: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: hostileHeader }),
    modern: fc.boolean(),
    method: fc.constantFrom('tools/list', 'tools/call'),
  }),
  async holds({ ranges, how, odd, modern, method }) {
    const { fetch, key, now, searchServer } = await ownEndpoint()
    searchServer.calls.length = 0
    const message = {
      method,
      id: 1,
      ...(method === 'tools/call' && { name: 'ask_question', arguments: { question: 'x' } }),
    }
    const request = callOf(written(message, modern), `Bearer ${await sign(key, claims(now))}`)
    if (modern) for (const [name, value] of Object.entries(mirrored(message))) request.headers.set(name, value)
    request.headers.delete('accept')
    const members = [
      ...ranges.map((one) => write(one, how)),
      ...(how.empty ? [' '] : []),
      ...(odd === undefined ? [] : [odd]),
    ]
    const values = how.lines ? members : [members.join(`${how.space},${how.space}`)]
    for (const value of values) request.headers.append('accept', value)

    const response = await fetch(request)
    const text = await response.text()
    const type = response.headers.get('content-type') ?? ''
    assert([200, 406].includes(response.status), `${response.status} ${text}`)
    if (response.status === 406) {
      assert.equal(searchServer.calls.length, 0, 'it was asked before it was refused')
      assert.match(text, /application\/json.*text\/event-stream/)
    } else {
      assert(
        ours.some((one) => type.startsWith(one)),
        type,
      )
      assert.match(JSON.stringify(messageIn(text)), /"result":/)
      assert.equal(type.startsWith('text/event-stream'), text.startsWith('event: message\n'), text)
    }
    // A made-up text may be a media range, or swallow others.
    if (odd !== undefined) return
    const [json = 0, stream = 0] = ours.map((one) => (ranges.length === 0 ? 1_000 : weightOf(one, ranges)))
    assert.equal(response.status, json + stream === 0 ? 406 : 200)
    if (json > stream) assert.match(type, /^application\/json/)
    if (stream > json) assert.match(type, /^text\/event-stream/)
  },
})
