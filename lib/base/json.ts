/**
 * The most levels of objects and lists in what a tool answers. Another server's answer may be nested deeper than the stack
 * allows. Code that we do not control (the SDK, as it writes the answer) would then fail silently.
 */
const mostLevels = 200

/** Whether a value from JSON is nested too deep to be passed on. Uses a loop, because a recursion would itself fail. */
export function isTooDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= mostLevels) return true
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return false
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true })

/** The text of strict UTF-8; `null` for any other bytes. A lenient decoder would turn all invalid bytes into one character. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return null
  }
}

/** The value of a JSON text; `undefined` for any other text. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value of a JSON text; `undefined` for any other text, and for JSON that is nested too deep to be passed on. */
export function parseJson(text: string): unknown {
  const value = jsonOf(text)
  return isTooDeep(value) ? undefined : value
}

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
