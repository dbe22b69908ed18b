/**
 * The one place that makes outgoing text safe for whoever reads it. Texts come from documentation, from people's names
 * and from clients; a text that a parser refuses breaks the session of the client that receives it.
 *
 * - Half of a surrogate pair becomes U+FFFD everywhere: it has no UTF-8 form, and strict parsers refuse `"\ud800"`.
 * - JSON text has DEL, the control characters U+0080 to U+009F (NEL is one), U+2028 and U+2029 as escapes: some readers end a line of an event
 *   stream or of a log at them. The values stay the same.
 * - What tools answer, and what others are told, has U+FFFD in place of control characters other than tab and line ends:
 *   databases refuse NUL, and ESC steers terminals.
 */

const replacement = '\ufffd'
/** Control characters but tab, line feed and carriage return. */
const controls = /[^\P{Cc}\t\n\r]/gu

/** A text for somebody else: without halves of surrogate pairs and without control characters. */
export function wellFormed(text: string): string {
  const clean = text.toWellFormed().replace(controls, replacement)
  // Kapa's passages are JSON within a text: a client that parses it is to read no half of a pair either.
  return /^\s*[[{]/.test(clean) && suspect.test(clean) && isJson(clean) ? wellFormedJson(clean) : clean
}

/** Every text in a value that JSON can hold, names of members included, as by `wellFormed`. */
export function wellFormedTexts<T>(value: T): T
export function wellFormedTexts(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (Array.isArray(value)) return value.map((item: unknown) => wellFormedTexts(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [wellFormed(name), wellFormedTexts(member)]))
}

/** What not everybody reads in JSON: found quickly where there is none. */
const suspect = /\\u[dD][89a-fA-F]|[\u007f-\u009f\u2028\u2029]/
/** Escapes one by one, so that `\\ud800`, an escaped backslash, is not taken for half of a pair. */
const parts =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|[^u])|[\u007f-\u009f\u2028\u2029]/g

/** JSON text that any parser and any reader of lines takes. Its values stay the same, but for halves of pairs. */
export function wellFormedJson(json: string): string {
  const text = json.toWellFormed()
  return suspect.test(text) ? text.replace(parts, wellFormedPart) : text
}

function wellFormedPart(part: string): string {
  if (part.startsWith('\\')) return /^\\u[dD][89a-fA-F]..$/.test(part) ? replacement : part
  return `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** `JSON.stringify` for whatever leaves us. */
export function toJson(value: unknown): string {
  return wellFormedJson(JSON.stringify(value))
}

/** `Response.json` for whatever leaves us. */
export function jsonResponse(body: unknown, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers)
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return new Response(toJson(body), { ...init, headers })
}

/** JSON, or an event stream of JSON, that other code has written, as by `wellFormedJson`. */
export function wellFormedBody(response: Response): Response {
  if (!response.body || !/json|event-stream/i.test(response.headers.get('content-type') ?? '')) return response
  const body = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TransformStream(pieceByPiece()))
    .pipeThrough(new TextEncoderStream())
  return new Response(body, response)
}

function pieceByPiece(): Transformer<string, string> {
  let kept = ''
  return {
    transform(piece, controller) {
      const text = kept + piece
      const end = endOfEscapes(text)
      kept = text.slice(end)
      if (end > 0) controller.enqueue(wellFormedJson(text.slice(0, end)))
    },
    flush(controller) {
      if (kept !== '') controller.enqueue(wellFormedJson(kept))
    },
  }
}

/** The beginning of an escape, or of a pair of them, that the end of a piece has cut. */
const unfinished = /\\(?:u[\da-fA-F]{0,4}(?:\\(?:u[\da-fA-F]{0,3})?)?)?$/

/** Up to where no escape is cut in two. */
function endOfEscapes(text: string): number {
  const [tail] = unfinished.exec(text.slice(-12)) ?? []
  if (tail === undefined) return text.length
  const start = text.length - tail.length
  const backslashes = /\\*$/.exec(text.slice(0, start))?.[0].length ?? 0
  // After an odd number of them it is the second half of an escaped backslash.
  return backslashes % 2 === 1 ? start - 1 : start
}
