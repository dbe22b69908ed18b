import { jsonOf } from './json.ts'

/**
 * The one place that makes outgoing text safe to read. Texts come from documentation, from people's names and from
 * clients; a text that a parser refuses breaks the session of the client that receives it.
 *
 * - Half a surrogate pair becomes U+FFFD everywhere: it has no UTF-8 form, and strict parsers refuse `"\ud800"`.
 * - JSON text has DEL, the control characters U+0080 to U+009F (NEL is one), U+2028 and U+2029 as escapes: some readers end
 *   a line of an event stream or of a log at them. The values stay the same.
 * - Answers of tools, and what we send to other services, have U+FFFD in place of control characters other than tab and
 *   line ends: databases refuse NUL, and ESC controls terminals.
 */

const replacement = '\ufffd'
/** Control characters except tab, line feed and carriage return. */
const controls = /[^\P{Cc}\t\n\r]/gu

/** Replaces halves of surrogate pairs and control characters in a text that leaves this service. */
export function wellFormed(text: string): string {
  const clean = text.toWellFormed().replace(controls, replacement)
  // Kapa's passages are JSON within a text: a client that parses it must not read half a pair either.
  return /^\s*[[{]/.test(clean) && suspect.test(clean) && jsonOf(clean) !== undefined ? wellFormedJson(clean) : clean
}

/** Applies `wellFormed` to every text in a JSON value, names of members included. */
export function wellFormedTexts<T>(value: T): T
export function wellFormedTexts(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (Array.isArray(value)) return value.map((item: unknown) => wellFormedTexts(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [wellFormed(name), wellFormedTexts(member)]))
}

/** Characters and escapes in JSON that some readers cannot read. A quick test: most texts have none. */
const suspect = /\\u[dD][89a-fA-F]|[\u007f-\u009f\u2028\u2029]/
/** Matches escapes one by one, so that `\\ud800`, an escaped backslash, is not taken for half a pair. */
const parts =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|[^u])|[\u007f-\u009f\u2028\u2029]/g

/** Makes JSON text readable for any parser and any reader of lines. Only halves of pairs change their value. */
export function wellFormedJson(json: string): string {
  const text = json.toWellFormed()
  return suspect.test(text) ? text.replace(parts, wellFormedPart) : text
}

function wellFormedPart(part: string): string {
  if (part.startsWith('\\')) return /^\\u[dD][89a-fA-F]..$/.test(part) ? replacement : part
  return `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** `JSON.stringify` for everything that leaves this service. */
export function toJson(value: unknown): string {
  return wellFormedJson(JSON.stringify(value))
}

/** `Response.json` for everything that leaves this service. */
export function jsonResponse(body: unknown, init: ResponseInit = {}): Response {
  // Bytes, unlike a text, get no content type of their own.
  const response = new Response(Buffer.from(toJson(body)), init)
  if (!response.headers.has('content-type')) response.headers.set('content-type', 'application/json')
  return response
}

/** Applies `wellFormedJson` to a response that other code wrote, if it is JSON or an event stream of JSON. */
export function wellFormedBody(response: Response): Response {
  if (!response.body || !/json|event-stream/i.test(response.headers.get('content-type') ?? '')) return response
  return new Response(wellFormedPieces(response.body.getReader()), response)
}

/** Passes each piece on as it arrives. One stream instead of a chain of transforms, which a new instance would have to load. */
function wellFormedPieces(reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder()
  let kept = ''
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const { done, value } = await reader.read()
        const text = kept + (done ? decoder.decode() : decoder.decode(value, { stream: true }))
        const end = done ? text.length : endOfEscapes(text)
        kept = text.slice(end)
        if (end > 0) controller.enqueue(Buffer.from(wellFormedJson(text.slice(0, end))))
        if (done) return controller.close()
        if (end > 0) return
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/** The beginning of an escape, or of a pair of escapes, that the end of a piece has cut. */
const unfinished = /\\(?:u[\da-fA-F]{0,4}(?:\\(?:u[\da-fA-F]{0,3})?)?)?$/

/** The length of the text up to which no escape is cut in two. */
function endOfEscapes(text: string): number {
  const [tail] = unfinished.exec(text.slice(-12)) ?? []
  if (tail === undefined) return text.length
  const start = text.length - tail.length
  let before = start
  while (text[before - 1] === '\\') before -= 1
  // After an odd number of backslashes, the next one is the second half of an escaped backslash.
  return (start - before) % 2 === 1 ? start - 1 : start
}
