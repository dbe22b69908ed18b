import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type FetchedResource, FetchRefused, fetchUntrusted } from '../../lib/net/fetch-untrusted.ts'
import { hostileText } from './hostile.ts'
import { type Conduct, type HostileServer, hostileHost, startHostileServer } from './hostile-server.ts'
import { property } from './property.ts'

let started: Promise<HostileServer> | undefined

/** Stops what was started here. */
export async function stopHostileServer(): Promise<void> {
  const server = await started
  started = undefined
  await server?.stop()
}

/** Bytes of a body that are taken. */
const maxBytes = 512
/** Milliseconds for those who never come to an end; and for those who do, far more than they need on a busy machine. */
const [shortly, amply] = [15, 5_000]

const statusLine = fc.oneof(
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

const header = fc.oneof(
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

const content = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', '{"hello":"world"}', 'x'.repeat(maxBytes), 'x'.repeat(maxBytes + 1)) },
  { weight: 1, arbitrary: fc.constantFrom('y'.repeat(200_000), gzipSync('z'.repeat(100_000)).toString('latin1')) },
  { weight: 1, arbitrary: hostileText },
)
type Framing = 'none' | 'length' | 'too long' | 'too short' | 'both' | 'chunked' | 'bad chunks' | 'no last chunk'
const framing = fc.constantFrom<Framing[]>(
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

/** As the bytes of RFC 9112, or nearly. */
function framed(text: string, how: Framing): { readonly headers: readonly string[]; readonly body: string } {
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
  /** Where the bytes are torn, and after how many of them it is over. */
  cuts: fc.array(fc.nat(400), { maxLength: 4 }),
  until: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(400) }),
  encrypted: fc.oneof({ weight: 20, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  begins: fc.constantFrom('when asked' as const, 'when asked' as const, 'at once' as const),
  ends: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('closes' as const, 'resets' as const) },
    { weight: 1, arbitrary: fc.constantFrom('stays' as const, 'repeats' as const) },
  ),
})

function torn(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return at
    .slice(1)
    .map((end, index) => bytes.subarray(at[index], end))
    .filter(({ length }) => length > 0)
}

export const fetchedBytes = property({
  name: 'fetching from a hostile server: in time, no more bytes than wanted, and an answer or a plain no',
  cases: 250,
  values: conduct,
  // What is still open must not make others fail.
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
      }).catch((error: unknown) => (error instanceof Error ? error : new Error('not even an error'))),
    )
    // Nothing stays connected to somebody like that.
    await inTime('the end of the connection', timeout, server.allClosed())
    if (fetched instanceof FetchRefused) {
      assert.match(fetched.message, /^fetch refused: (?:redirect|encoding|size|network|timeout)(?: \([A-Z0-9_]+\))?$/)
      assert(fetched.reason !== 'timeout' || timeout === shortly, 'waited for nothing')
      return
    }
    if (fetched instanceof Error) throw fetched
    assert(encrypted, 'read from a connection that is nobody’s')
    expectPlain(fetched)
    // Nothing is unpacked, and nothing comes from anywhere else. What repeats itself may be framed by its own repetition.
    const text = Buffer.from(fetched.body).toString('latin1')
    const all = [Buffer.from(content, 'latin1'), sent].map((each) => each.toString('latin1'))
    assert(ends === 'repeats' || all.some((each) => each.includes(text)), 'a body that nobody sent')
  },
})

function expectPlain({ status, headers, contentType, body }: FetchedResource): void {
  assert(Number.isInteger(status) && !(status >= 300 && status < 400), `status ${status}`)
  assert(body.length <= maxBytes, `${body.length} bytes`)
  assert([...headers].join('').length <= 8 * 1024, 'headers without end')
  assert.equal(contentType, contentType.toLowerCase())
  assert(!/[;\s\0]/.test(contentType), JSON.stringify(contentType))
  const encoding = headers.get('content-encoding')
  assert(encoding === null || encoding.toLowerCase() === 'identity', `${encoding}`)
}

/** Twice the time, and what a machine with a lot to do may need. */
async function inTime<T>(what: string, milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new assert.AssertionError({ message: `${what}: not in time` })),
    2 * milliseconds + 4_000,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
