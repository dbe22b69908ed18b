import { randomBytes } from 'node:crypto'

/** The longest `state` that the broker accepts, in characters. */
export const longestState = 4096

/** Repeats `text` up to that length, in characters. */
const filled = (text: string) => [...text.repeat(longestState)].slice(0, longestState).join('')

const printable = Array.from({ length: 0x7f - 0x20 }, (_, at) => String.fromCharCode(0x20 + at)).join('')
const mixed = (some: string) =>
  [...`${some}${randomBytes(longestState).toString('base64url')}`].slice(0, longestState).join('')

/** Values of `state` as clients send them, each of the greatest length. The names say what is special. */
export const longStates: readonly (readonly [name: string, state: string])[] = [
  ['one letter over and over', filled('x')],
  ['a sealed record in base64url', randomBytes(longestState).toString('base64url').slice(0, longestState)],
  ['a sealed record in base64', randomBytes(longestState).toString('base64').slice(0, longestState)],
  ['hexadecimal digits', randomBytes(longestState / 2).toString('hex')],
  ['everything that RFC 6749 allows', filled(printable)],
  ['everything that RFC 6749 allows, in no order', shuffled(filled(printable))],
  ['quotes and backslashes', filled('"\\')],
  ['JSON', filled('{"returnTo":"/a?b=c&d=%2F","nonce":"x+y z"},')],
  ['escapes that are none', filled('%41%zz%')],
  ['pluses and blanks', filled('+ ')],
  ['markup', filled('</form><script>alert(1)</script>&amp;"\'>')],
  ['letters of other scripts among others', mixed('äöü ñ ç ж € ☃ 日本語 '.repeat(12))],
  ['characters of two code units among others', mixed('😀👩‍👩‍👧🏳️‍🌈'.repeat(12))],
  ['control characters among others', mixed('\t\n\r\0\u0001\u2028\u2029\u007f'.repeat(20))],
  ['a separator of cookies', filled('a=b; c="d", ')],
]

function shuffled(text: string): string {
  return [...text]
    .map((character) => ({ character, at: randomBytes(4).readUInt32BE() }))
    .sort((one, other) => one.at - other.at)
    .map(({ character }) => character)
    .join('')
}
