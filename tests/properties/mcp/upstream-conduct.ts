import fc from 'fast-check'
import { hostileText } from '../hostile.ts'
import { framed, framing, header, statusLine, torn } from '../hostile-http.ts'
import type { Conduct } from './hostile-upstream.ts'
import { body, deeply, key, passages, requestId, result } from './upstream-words.ts'

/** The behavior of hostile upstreams: HTTP, bytes, connections. */

const retryAfter = fc.oneof(
  fc.constantFrom(
    '0',
    '3',
    '86401',
    '99999999999',
    '-1',
    '1e3',
    'soon',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Fri, 99',
    '',
  ),
  hostileText.map((text) => text.replace(/[^\x20-\x7e]/g, '').slice(0, 40)),
)
const ownHeader = fc.oneof(
  retryAfter.map((value) => `Retry-After: ${value}`),
  hostileText.map((value) => `Mcp-Session-Id: ${value.slice(0, 100)}`),
  fc.constantFrom('Location: http://127.0.0.1:9/', `WWW-Authenticate: Bearer ${key}`, `X: ${key}`),
)
const status = fc.oneof(
  { weight: 10, arbitrary: fc.constant('HTTP/1.1 200 OK') },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(201, 202, 204, 301, 307, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503)
      .map((code) => `HTTP/1.1 ${code} ${key}`),
  },
  { weight: 1, arbitrary: statusLine },
)

const answer = fc
  .record({
    status,
    body,
    headers: fc.array(fc.oneof({ weight: 3, arbitrary: ownHeader }, { weight: 1, arbitrary: header }), {
      maxLength: 2,
    }),
    framing,
  })
  .map(({ status, body: { type, text }, headers, framing }) => {
    const bytes = Buffer.from(text).toString('latin1')
    const { headers: lengths, body } = framed(bytes, framing)
    return Buffer.from([status, `Content-Type: ${type}`, ...headers, ...lengths, '', body].join('\r\n'), 'latin1')
  })

/** Only the content is odd. Everything around it is proper. */
const soundAnswer = deeply(
  fc
    .oneof(
      { weight: 4, arbitrary: result.map((result) => JSON.stringify({ jsonrpc: '2.0', id: requestId, result })) },
      { weight: 1, arbitrary: passages.map((all) => JSON.stringify(all)) },
    )
    .map((text) => ({ type: 'application/json', text })),
).map(({ type, text }) => {
  const bytes = Buffer.from(text)
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`),
    bytes,
  ])
})

/** `method`: the message that is answered like this; `''` is a request that is not MCP. */
export const conductTo = (...methods: string[]): fc.Arbitrary<Conduct> => {
  const method = fc.constantFrom(...methods)
  const odd = fc
    .record({
      method,
      bytes: fc.oneof(
        { weight: 9, arbitrary: answer },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
      ),
      cuts: fc.array(fc.nat(600), { maxLength: 3 }),
      until: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(600) }),
      ends: fc.oneof(
        { weight: 18, arbitrary: fc.constantFrom('closes' as const, 'closes' as const, 'resets' as const) },
        { weight: 1, arbitrary: fc.constantFrom('stays' as const, 'repeats' as const) },
      ),
    })
    .map(({ method, bytes, cuts, until, ends }) => ({
      method,
      pieces: torn(bytes.subarray(0, until ?? bytes.length), cuts),
      ends,
    }))
  const sound = fc
    .record({ method, bytes: soundAnswer })
    .map(({ method, bytes }) => ({ method, pieces: [bytes], ends: 'closes' as const }))
  return fc.oneof({ weight: 2, arbitrary: odd }, { weight: 1, arbitrary: sound })
}
