import assert from 'node:assert/strict'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import type { Tool } from '../../../lib/mcp/tools/tool.ts'
import { members } from '../invariants.ts'

/** The two forms that the answer to a call of a tool may have, as a client reads them. */

export interface ToolResult {
  readonly isError: boolean
  readonly content: readonly unknown[]
  readonly structuredContent: unknown
}

export interface Answered {
  /** `undefined`: there is none, but an error of JSON-RPC. */
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

/** Reads an answer, JSON or event stream. @throws AssertionError if it is neither, or says more than it may */
export async function readAnswer(response: Response, era: keyof typeof ofServer = 'legacy'): Promise<Answered> {
  const text = await response.text()
  const { result, error, id } = members(messageIn(text))
  assert(id !== undefined && (result !== undefined) !== (error !== undefined), `no answer: ${response.status} ${text}`)
  if (result === undefined) return { result, text }
  const { isError = false, content, structuredContent, ...rest } = members(result)
  assert(typeof isError === 'boolean' && Array.isArray(content), text)
  assert.equal(inOneSpelling(rest), inOneSpelling(ofServer[era]), 'an upstream speaks in our name')
  return { result: { isError, content, structuredContent }, text }
}

/** The only message of an answer, JSON or event stream. */
export const messageIn = (text: string): unknown => parsed(/^data: (\{[^\r\n]*)/m.exec(text)?.[1] ?? text)

export interface Failed {
  readonly error: string
  readonly message: string
}

/** The text of a failure, in the one form of all failures. */
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

/** @throws unless a result keeps the output schema of the tool, and its texts say nothing more */
export function expectSuccess({ isError, content, structuredContent }: ToolResult, tool: Tool): void {
  assert.equal(isError, false)
  const { $schema: dialect, ...outputSchema } = tool.listed(true).outputSchema ?? {}
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

/** Half of a surrogate pair that JSON within a text spells out becomes a mark at one depth and stays an escape at another. */
const withoutHalves = (text: string) => text.replace(/\\+u[dD][89a-fA-F][\da-fA-F]{2}/g, '\u{FFFD}')

// By loops, since an upstream may nest deeper than the stack is.

function* valuesIn(value: unknown): Generator<unknown> {
  const rest = [value]
  while (rest.length > 0) {
    const next = rest.pop()
    yield next
    if (typeof next === 'object' && next !== null) for (const member of Object.values(next)) rest.push(member)
  }
}

/**
 * JSON that two values share if a reader sees no difference: no `__proto__`, no empty address of a passage, members
 * in order, and a mark for each character that is taken out of texts (in JSON within a text, it is an escape and stays).
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

/** `undefined`: it is no JSON. */
export function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}
