import assert from 'node:assert/strict'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import type { Tool } from '../../../lib/mcp/tools/tool.ts'
import { members } from '../invariants.ts'

/** The two forms of an answer to a tool call, as a client reads them. */

export interface ToolResult {
  readonly isError: boolean
  readonly content: readonly unknown[]
  readonly structuredContent: unknown
}

export interface Answered {
  /** `undefined`: the answer is a JSON-RPC error. */
  readonly result: ToolResult | undefined
  readonly text: string
}

/** The other members of a result. They hold nothing of an upstream. */
const ofServer = {
  legacy: {},
  modern: {
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'docs', version: '1.2.3' } },
  },
}

/** Reads an answer, JSON or event stream. @throws AssertionError if it is neither, or has members that it must not have */
export async function readAnswer(response: Response, era: keyof typeof ofServer = 'legacy'): Promise<Answered> {
  const text = await response.text()
  const { result, error, id } = members(messageIn(text))
  assert(id !== undefined && (result !== undefined) !== (error !== undefined), `no answer: ${response.status} ${text}`)
  if (result === undefined) return { result, text }
  const { isError = false, content, structuredContent, ...rest } = members(result)
  assert(typeof isError === 'boolean' && Array.isArray(content), text)
  assert.equal(inOneSpelling(rest), inOneSpelling(ofServer[era]), 'the result contains other members of an upstream')
  return { result: { isError, content, structuredContent }, text }
}

/** The only message of an answer, JSON or event stream. */
export const messageIn = (text: string): unknown => parsed(/^data: (\{[^\r\n]*)/m.exec(text)?.[1] ?? text)

export interface Failed {
  readonly error: string
  readonly message: string
}

/** Reads the text of a failure. All failures have the same form. */
export function failureIn({ isError, content, structuredContent }: ToolResult): Failed {
  assert.deepEqual([isError, content.length, structuredContent], [true, 1, undefined])
  const { type, text } = members(content[0])
  assert.equal(type, 'text')
  const { error, message, detail, duration_ms: duration, retry_after: retryAfter, ...rest } = members(parsed(text))
  assert(typeof error === 'string' && /^[a-z_]+$/.test(error) && typeof message === 'string', `${text}`)
  assert(detail === undefined || typeof detail === 'string')
  assert(duration === undefined || typeof duration === 'number')
  assert(retryAfter === undefined || (typeof retryAfter === 'number' && retryAfter > 0 && retryAfter <= 86_400))
  assert.deepEqual(rest, {})
  return { error, message }
}

const validator = new AjvJsonSchemaValidator()

/** Throws unless a result follows the output schema of the tool, and its texts contain nothing more. */
export async function expectSuccess({ isError, content, structuredContent }: ToolResult, tool: Tool): Promise<void> {
  assert.equal(isError, false)
  const { $schema: dialect, ...outputSchema } = (await tool.listed(true)).outputSchema ?? {}
  assert.equal(dialect, undefined)
  const { valid, errorMessage } = validator.getValidator(outputSchema)(structuredContent)
  if (!valid) assert.fail(`${errorMessage}: ${inOneSpelling(structuredContent)}`)
  for (const text of content.flatMap(textsOf)) {
    if (!holds(structuredContent, text)) {
      assert.fail(`only in content: ${text}; structured: ${inOneSpelling(structuredContent)}`)
    }
  }
}

/** The text of an item that a model would read. */
function textsOf(item: unknown): readonly string[] {
  const { text, uri, name, description = name, resource } = members(item)
  const { uri: address, text: contents } = members(resource)
  const all = [text, uri, description, address, contents].filter((one) => typeof one === 'string')
  return all.filter((one) => one.trim() !== '')
}

/** Whether the text stands in it, plain or within JSON, or as the value of its JSON. */
function holds(structured: unknown, text: string): boolean {
  const [data, plain, quoted] = [parsed(text), withoutHalves(text), withoutHalves(JSON.stringify(text))]
  const same = data === undefined ? undefined : inOneSpelling(data)
  for (const value of valuesIn(structured)) {
    const read = typeof value === 'string' && withoutHalves(value)
    if (read && (read.includes(plain) || read.includes(quoted))) return true
    if (same !== undefined && inOneSpelling(value) === same) return true
  }
  return false
}

/** Replaces escaped lone surrogates, which JSON within a text turns into U+FFFD or keeps, depending on the depth. */
const withoutHalves = (text: string) => text.replace(/\\+u[dD][89a-fA-F][\da-fA-F]{2}/g, '\u{FFFD}')

// The next functions use loops, because an upstream may nest values deeper than the stack allows.

function* valuesIn(value: unknown): Generator<unknown> {
  const rest = [value]
  while (rest.length > 0) {
    const next = rest.pop()
    yield next
    if (typeof next === 'object' && next !== null) for (const member of Object.values(next)) rest.push(member)
  }
}

/**
 * JSON that is equal for two values if a reader sees no difference. It leaves out `__proto__` and empty addresses of
 * passages, sorts members, and replaces each character that the broker removes from texts with U+FFFD. In JSON within a
 * text, such a character is an escape and stays.
 */
function inOneSpelling(value: unknown): string {
  const written: string[] = []
  const rest: (string | readonly [unknown])[] = [[value]]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next === 'string') written.push(next)
    else for (const part of partsOf(next[0]).toReversed()) rest.push(part)
  }
  return written.join('')
}

function partsOf(value: unknown): readonly (string | readonly [unknown])[] {
  if (typeof value === 'string') return [JSON.stringify(marked(value))]
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value) ?? '']
  if (Array.isArray(value)) return ['[', ...value.flatMap((item) => [[item] as const, ',']), ']']
  // Two names may become one. The last value counts.
  const named = new Map(Object.entries(value).map(([name, member]) => [marked(name), member] as const))
  const names = [...named].filter(([name, member]) => name !== '__proto__' && !(name === 'source_url' && member === ''))
  const sorted = names.sort(([a], [b]) => (a < b ? -1 : 1))
  return ['{', ...sorted.flatMap(([name, member]) => [`${JSON.stringify(name)}:`, [member] as const, ',']), '}']
}

const marked = (text: string) => text.toWellFormed().replace(/[^\P{Cc}\t\n\r]/gu, '\u{FFFD}')

/** Parses JSON. Returns `undefined` if the text is not JSON. */
export function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
