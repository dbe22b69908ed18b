import { expect, test } from 'vitest'
import { acceptedForm, preferredType } from '../mcp/accept.ts'
import { createCookies } from '../oauth/http/cookies.ts'
import { elementsOf } from '../oauth/http/joined-header.ts'
import { shownToken } from '../oauth/http/operator-token.ts'
import { parseAuthorization } from '../resource-server/authorization-header.ts'

/**
 * Characters, many times more than any server accepts. A reader that takes quadratic time needs a minute for them. A reader
 * that takes linear time needs some milliseconds.
 */
const length = 250_000
/** Milliseconds for one header: enough for a busy machine, and far less than that minute. */
const generous = 20_000

const cookies = createCookies('https://docs.example')
const readers: Record<string, (text: string) => unknown> = {
  'Authorization at /mcp': parseAuthorization,
  'Authorization of a client': elementsOf,
  'Authorization of an operator': (text) =>
    shownToken(new Request('https://docs.example', { headers: { authorization: text } })),
  Accept: (text) => [acceptedForm(new Headers({ accept: text })), preferredType(new Headers({ accept: text }))],
  Cookie: (text) => cookies.read(new Request('https://docs.example', { headers: { cookie: text } })),
}

/** The beginning of each header, its repeated part, and an end that makes a matching text fail at the last character. */
const rows = [
  ['Bearer x', ' ', 'y z'],
  ['Bearer x', '\t', 'y, z'],
  ['Bearer x', ' ,', '!'],
  ['Bearer ', 'a.b.c ', '!'],
  ['Bearer ', 'a', '!'],
  ['Basic x', ' ', '!'],
  ['Basic ', 'QUFB', '!'],
  ['x', ',', '!'],
  ['x', ', ', '"'],
  ['"', '\\"', 'x'],
  ['"', 'x"\\', 'x'],
  ['text/html;q=', '1', 'x'],
  ['text/html;q=', '1.', 'x'],
  ['text/html;q', ' ', 'x'],
  ['text/html', ' ', ';q=1 x'],
  ['text/html', ';q=1', 'x'],
  ['', 'a/', '!'],
  ['', '+', '/!'],
  ['a=', ' ', 'b'],
  ['', 'a=b;', '"'],
] as const

test.each(Object.keys(readers))(
  '%s: the time to read a header grows only linearly with its length',
  (name) => {
    for (const [start, repeated, end] of rows) {
      const began = performance.now()
      readers[name]?.(start + repeated.repeat(length / repeated.length) + end)
      expect([start, repeated, end, performance.now() - began < generous]).toEqual([start, repeated, end, true])
    }
  },
  rows.length * generous,
)
