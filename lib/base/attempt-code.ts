import { randomInt } from 'node:crypto'

/** Digits and letters that are neither mistaken for each other nor make words: no 0 1, no vowels, no B I L O S U Z. */
const alphabet = '23456789CDFGHJKMNPQRTVWXY'

const group = () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('')

/**
 * Makes the code of a new attempt, such as `261130-K7QM-4XPD`: its day (UTC), and 37 random bits. A user reads it to support
 * from a page. It says nothing about the user or the client, and gives no access. `now` is in milliseconds since the epoch.
 */
export const newAttemptCode = (now: number): string =>
  `${new Date(now).toISOString().slice(2, 10).replaceAll('-', '')}-${group()}-${group()}`

const form = new RegExp(`^(\\d{6})([${alphabet}]{4})([${alphabet}]{4})$`)

/**
 * Reads a code as a user writes or says it: in any case, with any separators or none. Returns it in the form in which it was
 * made, or `null` for a text that is no code.
 */
export function readAttemptCode(text: string): string | null {
  const [, day, first, second] = form.exec(text.toUpperCase().replaceAll(/[\s.\-–—]/g, '')) ?? []
  return day === undefined ? null : `${day}-${first}-${second}`
}

/** Returns the day on which an attempt began, as `yyyymmdd`. */
export const dayOfAttempt = (code: string): string => `20${code.slice(0, 6)}`
