import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { times } from '../../dev/worlds/times.ts'
import { jsonResponse, toJson, wellFormed, wellFormedBody, wellFormedJson, wellFormedTexts } from './well-formed.ts'

/** Any UTF-16 text, including lone surrogates and characters that some readers take for a line end. */
const odd = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('\ud83d', '\ude00', '\ud83d\ude00', '\\', '\\ud83d', '"', '{', '\u0000', '\u001b', '\n', '\r'),
    fc.constantFrom('\u007f', '\u0085', '\u009b', '\u2028', '\u2029', '\ufeff', '\u000b', '\u000c', '\u001c'),
  ),
})
/** Has no backslash at its start. After such a name, `JSON.parse` of Node 24 takes some other escaped names for it. */
const name = odd.filter((text) => !text.startsWith('\\'))
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    odd,
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value

/** Every character at which some line reader of a client ends a line. Python's `splitlines` knows the most of them. */
const lineEnds = '\n\r\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029'
/** Lone surrogates, as text or as an escape. */
const halves = /(?:^|[^\\])(?:\\\\)*\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])/

function expectForEverybody(json: string, expected: unknown): void {
  expect(json.isWellFormed()).toBe(true)
  expect([...json].filter((character) => lineEnds.includes(character))).toEqual([])
  expect(json).not.toMatch(halves)
  expect(JSON.parse(json)).toEqual(expected)
}
/** Returns the same value with U+FFFD in place of lone surrogates. */
const repaired = (any: unknown): unknown =>
  JSON.parse(JSON.stringify(any), (_name, member: unknown) => {
    if (typeof member === 'string') return member.toWellFormed()
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).map(([name, inner]) => [name.toWellFormed(), inner]))
  })

describe('a text', () => {
  test.each([
    ['\ud83d', '\ufffd'],
    ['a\ude00b', 'a\ufffdb'],
    ['\ude00\ud83d', '\ufffd\ufffd'],
    ['\ud83d\ud83d\ude00', '\ufffd\ud83d\ude00'],
    ['\ud83d\ude00', '\ud83d\ude00'],
    ['a\u0000b', 'a\ufffdb'],
    ['\u001b[31mred', '\ufffd[31mred'],
    ['\u009b31mred', '\ufffd31mred'],
    ['next\u0085line', 'next\ufffdline'],
    ['\u007f', '\ufffd'],
    ['tab\tline\nreturn\r', 'tab\tline\nreturn\r'],
    ['a\u2028b\u2029c', 'a\u2028b\u2029c'],
    ['\ufeffbyte order', '\ufeffbyte order'],
    ['{"content":"\\ud83d"}', '{"content":"\ufffd"}'],
    ['{"content":"\\\\ud83d"}', '{"content":"\\\\ud83d"}'],
    ['{"content":"\\ud83d\\ude00"}', '{"content":"\\ud83d\\ude00"}'],
    ['[link](/x) "\\ud83d" in JavaScript', '[link](/x) "\\ud83d" in JavaScript'],
  ])('%j leaves this server as %j', (text, expected) => {
    expect(wellFormed(text)).toBe(expected)
  })

  test('is made well-formed deep inside a value, and in the name of a member', () => {
    const texts = { a: ['\ud800', { '\udc00': 'b\u0000' }], n: 1, nothing: null, yes: true }
    expect(wellFormedTexts(texts)).toEqual({
      a: ['\ufffd', { '\ufffd': 'b\ufffd' }],
      n: 1,
      nothing: null,
      yes: true,
    })
  })
})

test('any value becomes JSON on one line for every reader, and changes only in its lone surrogates', () => {
  fc.assert(
    fc.property(value, (any) => expectForEverybody(toJson(any), repaired(any))),
    { numRuns: times(400, 2_000) },
  )
})

test('the result of a tool contains no control character except tab and line ends, as text or as an escape', () => {
  fc.assert(
    fc.property(value, (any) => {
      const json = toJson(wellFormedTexts(any))
      expect(json.replaceAll(/\\\\/g, '')).not.toMatch(/\\u00(?:0[^9ad]|1.|7f|[89].)|\\[bf]/i)
    }),
    { numRuns: times(200, 1_000) },
  )
})

test('a JSON answer says that it is JSON, and keeps status and headers', async () => {
  const response = jsonResponse({ name: '\ud800' }, { status: 201, headers: { 'x-own': '1' } })
  expect([response.status, response.headers.get('content-type'), response.headers.get('x-own')]).toEqual([
    201,
    'application/json',
    '1',
  ])
  expect(await response.text()).toBe('{"name":"\ufffd"}')
})

describe('a body that other code wrote', () => {
  const pieces = (bytes: Uint8Array, sizes: readonly number[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        let at = 0
        for (const size of [...sizes, bytes.length]) {
          if (at < bytes.length) controller.enqueue(bytes.slice(at, at + size))
          at += size
        }
        controller.close()
      },
    })

  test('gives the same text wherever it is cut into chunks', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(value, sizes, async (any, sizes) => {
        const json = JSON.stringify(any)
        const body = pieces(new TextEncoder().encode(json), sizes)
        const out = wellFormedBody(new Response(body, { headers: { 'content-type': 'application/json' } }))
        expect(await out.text()).toBe(wellFormedJson(json))
      }),
      { numRuns: times(200, 1_000) },
    )
  })

  test('passes an event on when it arrives, not with the next one', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const out = wellFormedBody(new Response(readable, { headers: { 'content-type': 'text/event-stream' } }))
    const [writer, reader] = [writable.getWriter(), out.body?.getReader()]
    for (const text of ['data: {"a":"\u2028"}\n\n', ': alive\n\n']) {
      void writer.write(new TextEncoder().encode(text))
      const { value } = (await reader?.read()) ?? {}
      expect(new TextDecoder().decode(value)).toBe(text.replace('\u2028', '\\u2028'))
    }
    await reader?.cancel()
  })

  test('is left unchanged if it is an HTML page', async () => {
    const page = new Response('a\u2028b', { headers: { 'content-type': 'text/html' } })
    expect(await wellFormedBody(page).text()).toBe('a\u2028b')
  })
})

test('no other code in lib writes JSON that leaves this server', () => {
  const staysHere = [
    // Records of the store, and values that this server seals or signs for itself.
    'lib/store/encoding.ts',
    'lib/oauth/keys/',
    'lib/oauth/vault/vault-seal.ts',
    'lib/people/audit/entry.ts',
    'lib/people/privacy/personal-data.ts',
    'lib/store/postgres/postgres.ts',
    // Goes out in Base64, and comes back to this server only.
    'lib/people/reports/paging.ts',
    'lib/store/moving/merged-list.ts',
    // Only searched, hashed, compared, or passed to the library that checks it.
    'lib/answers/calls.ts',
    'lib/dpop/proof-key.ts',
    'lib/oauth/assertions/spend-once.ts',
    'lib/oauth/assertions/workload-grant.ts',
    'lib/settings/companies-and-machines.ts',
    'lib/answers/lost-session.ts',
    'lib/oauth/providers/openid-provider.ts',
    'lib/oauth/providers/provider-keys.ts',
    'lib/people/usage/names.ts',
    'lib/store/moving/hand-over.ts',
    'lib/store/moving/verify.ts',
    'lib/telemetry/meter.ts',
    // Indented for people to read, and made well-formed there.
    'lib/account/account-routes.ts',
    // Files of a new site, which no server sends.
    'lib/create/',
    // Client settings for users to copy.
    'lib/guide/client-setup.ts',
    'lib/base/well-formed.ts',
  ]
  const files = globSync('lib/**/*.ts', { cwd: repository }).filter((file) => !/test/.test(file))
  const writing = files.filter((file) =>
    /JSON\.stringify\(|Response\.json\(/.test(readFileSync(join(repository, file), 'utf8')),
  )
  expect(writing).toContain('lib/base/well-formed.ts')
  expect(writing.filter((file) => !staysHere.some((place) => file.startsWith(place)))).toEqual([])
})
