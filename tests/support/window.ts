export const day = 86_400
const hour = 3600

/**
 * Returns the length in seconds of a window of a limit that goes on for another two hours, and is `longest` or some hours less. A
 * window begins at a multiple of its length: one of a day ends at midnight, and a test that counts then would begin again.
 */
export function longWindow(longest = day): number {
  const seconds = Math.floor(Date.now() / 1000)
  let window = longest
  while (window - (seconds % window) < 2 * hour) window -= hour
  return window
}
