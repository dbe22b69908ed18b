import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that a test may take to send its guesses, on a busy machine. */
const room = 45_000

/**
 * Waits for the next hour if this one ends soon. The limits of guesses count in hours of the clock, and their settings cannot
 * change that: a test that counts across the end of an hour would find its guesses allowed again.
 */
export async function hourWithRoom(): Promise<void> {
  const left = 3_600_000 - (Date.now() % 3_600_000)
  if (left < room) await delay(left)
}
