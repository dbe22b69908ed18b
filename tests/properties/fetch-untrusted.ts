import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type FetchedResource, FetchRefused, fetchUntrusted } from '../../lib/net/fetch-untrusted.ts'
import { hostileText } from './hostile.ts'
import { framed, framing, header, statusLine, torn } from './hostile-http.ts'
import { type Conduct, type HostileServer, hostileHost, startHostileServer } from './hostile-server.ts'
import { inTime } from './in-time.ts'
import { property } from './property.ts'

let started: Promise<HostileServer> | undefined

/** Stops everything that this file started. */
export async function stopHostileServer(): Promise<void> {
  const server = await started
  started = undefined
  await server?.stop()
}

/** The longest body that the fetch accepts, in bytes. */
const maxBytes = 512
/** Milliseconds. The deadline for answers that never end, and far more than other answers need on a busy machine. */
const [shortly, amply] = [15, 5_000]

const content = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', '{"hello":"world"}', 'x'.repeat(maxBytes), 'x'.repeat(maxBytes + 1)) },
  { weight: 1, arbitrary: fc.constantFrom('y'.repeat(200_000), gzipSync('z'.repeat(100_000)).toString('latin1')) },
  { weight: 1, arbitrary: hostileText },
)
const response = fc
  .record({
    before: fc.array(
      fc.constantFrom('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n', '\r\n'),
      {
        maxLength: 2,
      },
    ),
    statusLine,
    headers: fc.array(header, { maxLength: 3 }),
    framing,
    content,
    after: fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: hostileText }),
    newline: fc.oneof(
      { weight: 10, arbitrary: fc.constant('\r\n') },
      { weight: 1, arbitrary: fc.constantFrom('\n', '\r') },
    ),
  })
  .map(({ before, statusLine, headers, framing, content, after, newline }) => {
    const { headers: lengths, body } = framed(content, framing)
    const head = [statusLine, ...headers, ...lengths, '', ''].join(newline)
    return { content, bytes: Buffer.from(before.join('') + head + body + after, 'latin1') }
  })

const conduct = fc.record({
  response: fc.oneof(
    { weight: 9, arbitrary: response },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ content: '', bytes: Buffer.from(bytes) })),
    },
  ),
  /** Where the bytes are split, and after how many of them the connection ends. */
  cuts: fc.array(fc.nat(400), { maxLength: 4 }),
  until: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(400) }),
  encrypted: fc.oneof({ weight: 20, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  begins: fc.constantFrom('when asked' as const, 'when asked' as const, 'at once' as const),
  ends: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('closes' as const, 'resets' as const) },
    { weight: 1, arbitrary: fc.constantFrom('stays' as const, 'repeats' as const) },
  ),
})

export const fetchedBytes = property({
  name: 'fetching from a hostile server: in time, within the limit of bytes, and with an answer or a refusal',
  cases: 250,
  values: conduct,
  // An open connection must not make other cases fail.
  afterFailure: () => void stopHostileServer(),
  show: ({ response: { bytes }, ...rest }) => `${JSON.stringify(rest)}\n${JSON.stringify(bytes.toString('latin1'))}`,
  async holds({ response: { bytes, content }, cuts, until, encrypted, begins, ends }) {
    started ??= startHostileServer()
    const server = await started
    const sent = bytes.subarray(0, until ?? bytes.length)
    const how: Conduct = { encrypted, begins, pieces: torn(sent, cuts), ends }
    server.conduct = how
    const timeout = ends === 'stays' || ends === 'repeats' ? shortly : amply
    const url = `https://${hostileHost}:${server.port}/client.json`
    const fetched = await inTime(
      'the answer',
      timeout,
      fetchUntrusted(url, {
        accept: 'application/json',
        userAgent: 'test/1',
        maxBytes,
        timeout,
        localOrigins: [new URL(url).origin],
        certificateAuthorities: [server.caPem],
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      }).catch((error: unknown) =>
        error instanceof Error ? error : new Error('rejected with a value that is no Error'),
      ),
    )
    // No connection to such a server stays open.
    await inTime('the end of the connection', timeout, server.allClosed())
    if (fetched instanceof FetchRefused) {
      assert.match(fetched.message, /^fetch refused: (?:redirect|encoding|size|network|timeout)(?: \([A-Z0-9_]+\))?$/)
      assert(fetched.reason !== 'timeout' || timeout === shortly, 'a timeout although the server ended')
      return
    }
    if (fetched instanceof Error) throw fetched
    assert(encrypted, 'read from an unencrypted connection')
    expectPlain(fetched)
    // The body is part of the sent bytes, and not decompressed. Repeated bytes may form other responses.
    const text = Buffer.from(fetched.body).toString('latin1')
    const all = [Buffer.from(content, 'latin1'), sent].map((each) => each.toString('latin1'))
    assert(ends === 'repeats' || all.some((each) => each.includes(text)), 'a body that the server did not send')
  },
})

function expectPlain({ status, headers, contentType, body }: FetchedResource): void {
  assert(Number.isInteger(status) && !(status >= 300 && status < 400), `status ${status}`)
  assert(body.length <= maxBytes, `${body.length} bytes`)
  assert([...headers].join('').length <= 8 * 1024, 'the headers are too long')
  assert.equal(contentType, contentType.toLowerCase())
  assert(!/[;\s\0]/.test(contentType), JSON.stringify(contentType))
  const encoding = headers.get('content-encoding')
  assert(encoding === null || encoding.toLowerCase() === 'identity', `${encoding}`)
}
