import fc from 'fast-check'
import { anything, hostileText } from '../hostile.ts'

/** Bodies of requests to the MCP endpoint: messages, their spellings, and their damage on the way. */

export interface Message {
  readonly method: string
  /** The tool's name in a call. It may be any value. */
  readonly name?: unknown
  readonly arguments?: unknown
  /** Absent in a notification. */
  readonly id?: string | number
}

export const modernVersion = '2026-07-28'

const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': modernVersion,
  'io.modelcontextprotocol/clientInfo': { name: 'client', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** Writes the message as clients of its revision send it. */
export function written({ method, id, ...call }: Message, modern: boolean): object {
  const handshake = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'client', version: '1' } }
  const params = method === 'initialize' ? handshake : call
  return {
    jsonrpc: '2.0',
    ...(id !== undefined && { id }),
    method,
    params: { ...params, ...(modern && { _meta: modernMeta }) },
  }
}

/** The headers in which a modern client repeats parts of the message. */
export function mirrored({ method, name }: Message): Readonly<Record<string, string>> {
  const ascii = typeof name === 'string' && /^[\x21-\x7e]+$/.test(name) ? { 'mcp-name': name } : {}
  return { 'mcp-protocol-version': modernVersion, 'mcp-method': method, ...ascii }
}

/** The longest id, in characters, that a refusal repeats. */
export const longestId = 256
const id = fc.oneof(
  fc.integer(),
  fc.constantFrom<string | number>('a', '', 0, '__proto__', 'x'.repeat(longestId), 'x'.repeat(longestId + 1)),
)
const otherMethods = ['tools/list', 'initialize', 'ping', 'server/discover', 'resources/list', 'tools/Call', 'toString']

/** Messages that call no tool. Any number of them may accompany a call. */
export const otherMessage: fc.Arbitrary<Message> = fc.record({ method: fc.constantFrom(...otherMethods), id })

/** @param tools the names of the tools that the messages call */
export const messageFor = (tools: readonly string[]): fc.Arbitrary<Message> => {
  const name = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<unknown>(...tools) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<unknown>('constructor', '__proto__', 'toString', tools.at(0)?.toUpperCase()),
    },
    { weight: 2, arbitrary: fc.oneof(anything, fc.constant([tools.at(0)])) },
  )
  const call = fc.record({ method: fc.constant('tools/call'), name, arguments: fc.constant({}), id })
  const notification = fc.oneof(
    fc.constantFrom('notifications/initialized', 'notifications/cancelled', 'ping').map((method) => ({ method })),
    fc.record({ method: fc.constant('tools/call'), name, arguments: fc.constant({}) }),
  )
  return fc.oneof(
    { weight: 6, arbitrary: call },
    { weight: 2, arbitrary: otherMessage },
    { weight: 1, arbitrary: notification },
  )
}

/** Spellings of the same JSON. Every correct parser reads the same value. */
export interface Spelling {
  readonly mark: boolean
  readonly space: string
  /** The distance between characters of names and texts that are written as escapes. */
  readonly escapes: number
  /** Adds the same members with other values before the real ones. The last value counts. */
  readonly decoys: boolean
}

export const spelling: fc.Arbitrary<Spelling> = fc.record({
  mark: fc.boolean(),
  space: fc.constantFrom('', '', ' ', '\n\t', '\r\n  '),
  escapes: fc.constantFrom(0, 0, 1, 2, 5),
  decoys: fc.boolean(),
})

/** Writes JSON in a given spelling. `JSON.stringify` has only one. */
export function spelled(value: unknown, how: Spelling): string {
  const { mark, space } = how
  return `${mark ? '\ufeff' : ''}${space}${json(value, how)}${space}`
}

function json(value: unknown, how: Spelling): string {
  const { space } = how
  if (typeof value === 'string') return text(value, how)
  if (Array.isArray(value)) return `[${space}${value.map((item) => json(item, how)).join(`,${space}`)}${space}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const all = how.decoys ? [...decoysFor(members), ...members] : members
  const written = all.map(([name, member]) => `${text(name, how)}${space}:${space}${json(member, how)}`)
  return `{${space}${written.join(`,${space}`)}${space}}`
}

function decoysFor(members: readonly [string, unknown][]): [string, unknown][] {
  const decoys: Readonly<Record<string, unknown>> = {
    method: 'ping',
    name: 'status',
    id: 99,
    params: null,
    jsonrpc: '1',
  }
  return members.flatMap(([name]) => (Object.hasOwn(decoys, name) ? [[name, decoys[name]]] : []))
}

function text(value: string, { escapes }: Spelling): string {
  if (escapes === 0) return JSON.stringify(value)
  const units = Array.from({ length: value.length }, (_, at) => {
    const unit = value.charAt(at)
    return at % escapes === 0
      ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
      : JSON.stringify(unit).slice(1, -1)
  })
  return `"${units.join('')}"`
}

/** Damage to the bytes of a body on the way. Its meaning is lost. */
export type Mishap =
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'overwrite'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'wrap'; readonly open: string; readonly close: string }
  | { readonly kind: 'nest'; readonly depth: number }

const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 4 }),
  fc
    .oneof(hostileText, fc.constantFrom('"', ',', '}', ']', '{}', '\u0000', '\ufeff', '\n'))
    .map((some) => Buffer.from(some)),
)

export const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: fc.nat(400) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('insert' as const), at: fc.nat(400), bytes }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('overwrite' as const), at: fc.nat(400), bytes }) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(
        ['[', ']'],
        ['[[', ']]'],
        ['{"params":', '}'],
        ['[null,', ']'],
        ['', '{}'],
        ['', ',{}'],
        ['', '\u0000'],
      )
      .map(([open = '', close = '']) => ({ kind: 'wrap' as const, open, close })),
  },
  { weight: 1, arbitrary: fc.nat(50_000).map((depth) => ({ kind: 'nest' as const, depth })) },
)

export function after(what: Mishap, body: string): Buffer {
  const all = Buffer.from(body)
  switch (what.kind) {
    case 'cut':
      return all.subarray(0, what.at % all.length)
    case 'insert':
    case 'overwrite': {
      const at = what.at % all.length
      const rest = what.kind === 'insert' ? at : at + what.bytes.length
      return Buffer.concat([all.subarray(0, at), what.bytes, all.subarray(rest)])
    }
    case 'wrap':
      return Buffer.from(what.open + body + what.close)
    case 'nest':
      return Buffer.from(body.replace('{}', `{"a":${'['.repeat(what.depth)}${']'.repeat(what.depth)}}`))
  }
}
