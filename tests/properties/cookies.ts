import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createCookies } from '../../lib/oauth/http/cookies.ts'
import { property } from './property.ts'

const { read } = createCookies('https://docs.example')

const blank = fc.constantFrom('', '', ' ', '\t ', '\u00a0')
const name = fc.constantFrom('__Host-browser', '__Host-tx.1', 'a', '', '__proto__', '"', 'a b', '__Host-browserX')
const value = fc.constantFrom('', 'x', 'y.z', 'a=b', 'a b', '"quoted"', '%41', '\u00e9')
const pair = fc
  .tuple(blank, name, blank, fc.constantFrom('=', '=', '=', ''), blank, value, blank)
  .map((parts) => parts.join(''))

export const cookieHeaders = property({
  name: 'cookies: a cookie that is sent once is read as sent, and a cookie that is sent twice is not read',
  cases: 2_000,
  values: fc.array(pair, { maxLength: 6 }),
  holds(pairs) {
    const header = pairs.join(';')
    const found = read(new Request('https://docs.example', { headers: { cookie: header } }))
    const sent = pairs.flatMap((text) => {
      const [first = '', ...rest] = text.split('=')
      const own = { name: unblank(first), value: unblank(rest.join('=')) }
      return rest.length > 0 && own.name !== '' && !/[ \t]/.test(own.value) ? [own] : []
    })
    const once = sent.filter((one) => sent.filter((other) => other.name === one.name).length === 1)
    assert.deepEqual(new Map(once.map((one) => [one.name, one.value])), found)
  },
})

/** Removes spaces and tabs from both ends, one character at a time. */
function unblank(text: string): string {
  const shorter = text.replace(/^[ \t]|[ \t]$/, '')
  return shorter === text ? text : unblank(shorter)
}

/** Reads the worst headers that a server accepts. Returns the CPU time in milliseconds, which is independent of load. */
export function timeForLongHeaders(): number {
  const blanks = ' '.repeat(64_000)
  const start = process.cpuUsage()
  for (const odd of [blanks, `a=${blanks}b c`, `a=b${blanks}c`, `${blanks}=${blanks}`, `a${blanks}b=${blanks}c`]) {
    read(new Request('https://docs.example', { headers: { cookie: `first=1;${odd};last=1` } }))
  }
  return process.cpuUsage(start).user / 1000
}
