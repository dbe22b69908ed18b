import assert from 'node:assert/strict'
import fc from 'fast-check'
import { claims, sign } from '../../../dev/worlds/mcp-endpoint.ts'
import { anything } from '../hostile.ts'
import { members } from '../invariants.ts'
import { callOf, ownEndpoint } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import { type Message, mirrored, written } from './bodies.ts'
import { messageIn } from './tool-results.ts'

/** Messages of clients whose languages write `null` for an absent member, and `[]` for an empty object. */

const messages: readonly Message[] = [
  { method: 'initialize', id: 1 },
  { method: 'ping', id: 'a' },
  { method: 'tools/list', id: 2 },
  { method: 'tools/call', id: 3, name: 'ask_question', arguments: { question: 'how?' } },
  { method: 'tools/call', id: 4, name: 'ask_question', arguments: {} },
  { method: 'tools/call', id: 5, name: 'nothing' },
  { method: 'resources/list', id: 6 },
  { method: 'server/discover', id: 7 },
  { method: 'notifications/initialized' },
]

/** Optional members, as a path, and the spellings of their absence. */
const absences: readonly (readonly [path: readonly string[], ...values: readonly unknown[]])[] = [
  [['params', 'cursor'], null],
  [['params', '_meta'], null, []],
  [['params', '_meta', 'progressToken'], null],
  [['params', '_meta', 'traceparent'], null],
  [['params', 'arguments'], null, []],
  [['params', 'arguments', 'top_k'], null],
  [['params', 'requestState'], null],
  [['params', 'capabilities'], null, []],
  [['params', 'capabilities', 'sampling'], null, []],
  [['params', 'capabilities', 'roots', 'listChanged'], null],
  [['params', 'clientInfo', 'title'], null],
  [['params', 'clientInfo', 'icons'], null],
  [['params', '_meta', 'io.modelcontextprotocol/clientCapabilities'], []],
  [['result'], null],
  [['error'], null],
]

const spelledAbsence = fc
  .constantFrom(...absences)
  .chain(([path, ...values]) => fc.constantFrom(...values).map((value) => ({ path, value })))

/** Adds a member to the message, unless the message already has one with a value. */
function withMember(message: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return message
  const own: Record<string, unknown> = { ...message }
  if (rest.length > 0) return { ...own, [name]: withMember(own[name] ?? {}, rest, value) }
  const present = typeof own[name] === 'object' && own[name] !== null ? Object.keys(own[name]).length > 0 : name in own
  return present ? own : { ...own, [name]: value }
}

async function answerTo(message: object, one: Message, modern: boolean) {
  const { fetch, key, now } = await ownEndpoint()
  const request = callOf(message, `Bearer ${await sign(key, claims(now))}`)
  if (modern) for (const [name, value] of Object.entries(mirrored(one))) request.headers.set(name, value)
  const response = await fetch(request)
  const text = await response.text()
  return { status: response.status, text, message: text === '' ? undefined : messageIn(text) }
}

export const absentMembers = property({
  name: 'the MCP endpoint: treats null, and an empty list in place of an object, as an absent member',
  cases: 200,
  values: fc.record({
    one: fc.constantFrom(...messages),
    spelled: fc.array(spelledAbsence, { minLength: 1, maxLength: 4 }),
    modern: fc.boolean(),
  }),
  async holds({ one, spelled, modern }) {
    const plain = written(one, modern)
    const odd = spelled.reduce<unknown>((message, { path, value }) => withMember(message, path, value), plain)
    const [expected, actual] = [await answerTo(plain, one, modern), await answerTo(members(odd), one, modern)]
    assert.deepEqual([actual.status, actual.message], [expected.status, expected.message])
  },
})

/** Members that get a value of the wrong type. */
const places = fc.constantFrom(
  ...absences.map(([path]) => path),
  ...[
    ['params'],
    ['params', 'name'],
    ['params', 'protocolVersion'],
    ['params', 'clientInfo'],
    ['id'],
    ['method'],
    ['jsonrpc'],
  ],
)

export const wrongMembers = property({
  name: 'the MCP endpoint: an invalid message is the client’s error, never an internal error',
  cases: 200,
  values: fc.record({
    one: fc.constantFrom(...messages),
    wrong: fc.array(fc.tuple(places, anything), { minLength: 1, maxLength: 2 }),
    modern: fc.boolean(),
  }),
  async holds({ one, wrong, modern }) {
    const message = wrong.reduce<unknown>((made, [path, value]) => replaced(made, path, value), written(one, modern))
    const { status, text, message: answer } = await answerTo(members(message), one, modern)
    assert(status < 500, `${status} ${text}`)
    const { error } = members(answer ?? {})
    if (error === undefined) return
    const { code } = members(error)
    assert([-32700, -32600, -32601, -32602, -32020, -32022].includes(Number(code)), text)
  },
})

function replaced(message: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const own = typeof message === 'object' && message !== null && !Array.isArray(message) ? { ...message } : {}
  const members: Record<string, unknown> = own
  return { ...members, [name]: rest.length > 0 ? replaced(members[name], rest, value) : value }
}
