import fc from 'fast-check'
import { hostileText } from './hostile.ts'

/** Malformed HTTP answers, byte for byte. */

export const statusLine = fc.oneof(
  { weight: 8, arbitrary: fc.constant('HTTP/1.1 200 OK') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'HTTP/1.0 200 OK',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.1 301 Moved Permanently',
      'HTTP/1.1 304 Not Modified',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 103 Early Hints',
      'HTTP/1.1 101 Switching Protocols',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x',
      'HTTP/1.1 302 Found',
      'HTTP/1.1 000 ',
      'HTTP/1.1 99 Low',
      'HTTP/1.1 999 High',
      'HTTP/1.1 1000 Higher',
      'HTTP/1.1 -200 OK',
      'HTTP/1.1 2OO OK',
      'HTTP/1.1 200',
      'HTTP/9.9 200 OK',
      'HTTP/2 200',
      'ICY 200 OK',
      'GET / HTTP/1.1',
      '',
    ),
  },
  { weight: 1, arbitrary: hostileText },
)

export const header = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'Content-Type: application/json',
      'Content-Type: application/json; charset=utf-8',
      'Content-Type: text/html',
      'content-type:',
      'Cache-Control: max-age=60',
      'Connection: close',
      'Connection: keep-alive',
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'Connection: keep-alive, upgrade',
      'Upgrade: h2c',
      'Location: http://169.254.169.254/',
      'Refresh: 0; url=http://169.254.169.254/',
      'Content-Encoding: gzip',
      'Content-Encoding: identity',
      'Content-Encoding: identity, br',
      'Transfer-Encoding: gzip',
      'Transfer-Encoding: identity',
      'Transfer-Encoding: chunked, chunked',
      'Trailer: X-Late',
      'Content-Length: 5',
      'Content-Length: 5, 5',
      'Content-Length: 5, 6',
      'Content-Length: -1',
      'Content-Length: 0x5',
      'Content-Length: 99999999999999999999',
      ' folded: yes',
      'No colon',
      ': no name',
      'Bad name: x',
      'X: \u0000',
      'X: \u00ff\u0080',
      `X-Long: ${'x'.repeat(9_000)}`,
      `${'X: y\r\n'.repeat(2_500)}X: y`,
      '__proto__: x',
      'Set-Cookie: a=b',
    ),
  },
  { weight: 1, arbitrary: fc.tuple(hostileText, hostileText).map(([name, value]) => `${name.slice(0, 20)}: ${value}`) },
)

export type Framing = 'none' | 'length' | 'too long' | 'too short' | 'both' | 'chunked' | 'bad chunks' | 'no last chunk'
export const framing = fc.constantFrom<Framing[]>(
  'none',
  'length',
  'length',
  'too long',
  'too short',
  'both',
  'chunked',
  'chunked',
  'bad chunks',
  'no last chunk',
)

/** Frames a body as RFC 9112 says, or with a mistake. */
export function framed(text: string, how: Framing): { readonly headers: readonly string[]; readonly body: string } {
  const length = Buffer.byteLength(text, 'latin1')
  const half = Math.ceil(length / 2)
  const chunk = (part: string) =>
    part === '' ? '' : `${Buffer.byteLength(part, 'latin1').toString(16)};a="b"\r\n${part}\r\n`
  const chunks = chunk(text.slice(0, half)) + chunk(text.slice(half))
  const chunked = 'Transfer-Encoding: chunked'
  switch (how) {
    case 'none':
      return { headers: [], body: text }
    case 'length':
      return { headers: [`Content-Length: ${length}`], body: text }
    case 'too long':
      return { headers: [`Content-Length: ${length + 9}`], body: text }
    case 'too short':
      return { headers: [`Content-Length: ${half}`], body: text }
    case 'both':
      return { headers: [`Content-Length: ${length}`, chunked], body: `${chunks}0\r\n\r\n` }
    case 'chunked':
      return { headers: [chunked], body: `${chunks}0\r\nX-Late: ${'x'.repeat(length % 50)}\r\n\r\n` }
    case 'bad chunks':
      return { headers: [chunked], body: `ffffffffffffffff\r\n${text}\r\n-1\r\n${text}` }
    case 'no last chunk':
      return { headers: [chunked], body: chunks }
  }
}

/** Splits bytes into pieces. */
export function torn(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return at
    .slice(1)
    .map((end, index) => bytes.subarray(at[index], end))
    .filter(({ length }) => length > 0)
}
