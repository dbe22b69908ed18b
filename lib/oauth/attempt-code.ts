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
