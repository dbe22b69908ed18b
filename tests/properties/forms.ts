import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hostileHeader, hostileText } from './hostile.ts'
import { soundAnswer } from './invariants.ts'
import { discardKit, type Kit, kit } from './kit.ts'
import { property } from './property.ts'

/** One difference from the form that the page would send; `fatal`: the server must refuse it. */
interface Oddity {
  readonly fatal: boolean
  readonly what: string
  readonly value: string
}

const oddity: fc.Arbitrary<Oddity> = fc.oneof(
  fc.record({
    fatal: fc.constant(true),
    what: fc.constantFrom(
      'no origin',
      'foreign origin',
      'foreign site',
      'no cookie',
      'cookie twice',
      'content type',
      'no form value',
      'form value twice',
      'action twice',
      'not a navigation',
    ),
    value: fc.constantFrom(
      'null',
      'https://evil.example',
      'https://docs.example:444',
      'http://docs.example',
      'https://docs.example.evil.example',
      'cross-site',
      'same-site',
      'none',
      'text/plain',
      'application/json',
      'multipart/form-data',
    ),
  }),
  fc.record({
    fatal: fc.constant(false),
    what: fc.constantFrom('another cookie', 'another field', 'header'),
    value: fc.oneof(
      hostileText,
      hostileHeader,
      hostileHeader.map((text) => text.padEnd(6_200, '(')),
    ),
  }),
)

const asCookieText = (text: string) => text.replace(/[^\x21-\x2b\x2d-\x3a\x3c-\x7e\x80-\xff]/g, '')

export const forms = property({
  name: 'consent and confirmation: a post is accepted only from the broker’s page in the same browser, whatever else it carries',
  cases: 500,
  values: fc.record({
    page: fc.constantFrom('consent' as const, 'confirmation' as const),
    odd: fc.array(oddity, { maxLength: 3 }),
  }),
  afterFailure: discardKit,
  async holds({ page, odd }) {
    const all = await kit()
    const before = await all.contents()
    const [path, init] = request(page, odd, all)
    const answer = await soundAnswer(await all.server.fetch(path, init))
    assert.equal(await all.contents(), before)
    if (!odd.some(({ fatal }) => fatal)) return assert.equal(answer.status, 303, answer.text.slice(0, 300))
    assert([400, 403].includes(answer.status), `accepted: ${answer.status}`)
    assert.equal(answer.headers.get('location'), null)
    assert.deepEqual(answer.headers.getSetCookie(), [])
  },
})

function request(
  page: 'consent' | 'confirmation',
  odd: readonly Oddity[],
  { server, values, waiting }: Kit,
): [string, RequestInit] {
  const [path, name, field, value, cookieName, cookie] =
    page === 'consent'
      ? ([
          '/oauth/approve',
          'request',
          'approve',
          values['consent form'],
          '__Host-browser',
          values['browser cookie'],
        ] as const)
      : ([
          '/oauth/confirm',
          'state',
          'confirm',
          waiting.confirmation,
          `__Host-tx.${waiting.confirmation}`,
          values['confirmation cookie'],
        ] as const)
  const headers = new Headers({
    origin: server.issuer,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/x-www-form-urlencoded',
  })
  const form = new URLSearchParams({ [name]: value, action: field })
  const cookies = [`${cookieName}=${cookie}`]
  for (const { what, value: text } of odd) {
    switch (what) {
      case 'no origin':
        headers.delete('origin')
        headers.set('sec-fetch-site', 'none')
        break
      case 'foreign origin':
        headers.set('origin', text)
        break
      case 'foreign site':
        headers.set('sec-fetch-site', text)
        break
      case 'not a navigation':
        headers.set('sec-fetch-dest', text)
        break
      case 'no cookie':
        cookies.length = 0
        break
      case 'cookie twice':
        cookies.push(`${cookieName}=${asCookieText(text)}`, `${cookieName}=${cookie}`)
        break
      case 'content type':
        headers.set('content-type', text)
        break
      case 'no form value':
        form.set(name, '')
        break
      case 'form value twice':
        form.append(name, text)
        break
      case 'action twice':
        form.append('action', text)
        break
      case 'another cookie':
        cookies.push(`x${asCookieText(text)}`, `__Host-tx.${asCookieText(text)}=${asCookieText(text)}`)
        break
      case 'another field':
        form.append(`x${text.slice(0, 300)}`, text.slice(0, 2_000))
        break
      case 'header':
        headers.set('x-forwarded-host', 'evil.example')
        headers.set('accept-language', text.replace(/[^\x20-\x7e]/g, '').trim())
    }
  }
  headers.set('cookie', cookies.join('; '))
  return [path, { method: 'POST', headers, body: form }]
}
