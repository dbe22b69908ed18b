/**
 * Levels of objects and lists in what a tool answers. What comes from elsewhere may be nested deeper than a stack: then
 * somebody on the way (the SDK, as it writes the answer) fails where nobody hears of it.
 */
const mostLevels = 200

/** Whether a value, as JSON gives it, is nested too deep to be passed on. By a loop, so that it does not itself fail. */
export function isTooDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= mostLevels) return true
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return false
}

/** The value of a text that is JSON, and not too deep; `undefined` for every other. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isTooDeep(value) ? undefined : value
  } catch {
    return undefined
  }
}
