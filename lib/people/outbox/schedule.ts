/** Seconds from one attempt to the next. The last delay repeats until the message is given up. */
const delays = [600, 1800, 3600, 7200, 14_400, 28_800, 43_200]

/**
 * When a message that could not be delivered is due again, in seconds since the epoch. A fifth of the delay is random in
 * either direction, so that messages that failed together do not come back together.
 *
 * @param attempts made so far, at least 1
 * @param random from 0 to 1
 */
export function nextDue(now: number, attempts: number, random: number): number {
  const delay = delays[Math.min(attempts, delays.length) - 1] ?? 0
  return now + Math.round(delay * (0.8 + 0.4 * random))
}

/** Seconds. A receiver cannot put us off for longer, by mistake or by intent. */
const longestWait = 86_400

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3), as seconds or as a date.
 *
 * @param now seconds since the epoch
 * @returns seconds from 1 to a day; `undefined` if there is no such header or it cannot be read
 */
export function retryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? ''
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil(Date.parse(text) / 1000) - now
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 1), longestWait)
}
