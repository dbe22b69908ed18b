import assert from 'node:assert/strict'
import type { Store } from '../../lib/store/store.ts'

/** The rules for every answer, whatever the request. */

/** RFC 6749 §5.2: the characters of `error` and `error_description`. */
const errorText = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/

/** Every element of our pages. Any other element would be injected input. */
const elements = new Set(
  'html head title meta link style body header span main h1 h2 p b dl div dt dd bdi details summary code ul li svg path rect form input label button a footer wbr br'.split(
    ' ',
  ),
)

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/**
 * Reads an answer of the authorization server and checks its form. Throws `AssertionError`.
 *
 * @param mayFail a dependency has failed, so that 503 is allowed
 */
export async function soundAnswer(response: Response, mayFail = false): Promise<Answer> {
  const { status, headers } = response
  const text = await response.text()
  assert(status < 500 || (mayFail && status === 503), `a server error: ${status} ${text}`)
  if (status === 503) assert.match(headers.get('retry-after') ?? '', /^\d+$/)
  const type = headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) soundPage(text, headers)
  else if (text !== '') soundJson(text, headers, status)
  if (status >= 300 && status < 400) {
    assert.equal(status, 303)
    assert.equal(headers.get('cache-control'), 'no-store')
  }
  for (const cookie of headers.getSetCookie()) {
    assert.match(cookie, /^__Host-[^=]+=[^;]*;.* HttpOnly; Secure; SameSite=Lax$/)
    assert.match(cookie, /; Path=\/;/)
  }
  return { status, headers, text }
}

function soundJson(text: string, headers: Headers, status: number): void {
  assert.match(headers.get('content-type') ?? '', /^application\/json/)
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  const body: unknown = JSON.parse(text)
  assert(!hasNull(body), `null in ${text}`)
  if (status < 400) return
  assert.equal(headers.get('cache-control'), 'no-store')
  const { error, error_description: description } = members(body)
  assert(typeof error === 'string' && errorText.test(error), `error: ${text}`)
  assert(description === undefined || (typeof description === 'string' && errorText.test(description)), text)
}

function soundPage(text: string, headers: Headers): void {
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-[^']+'; /)
  assert.equal(headers.get('x-frame-options'), 'DENY')
  for (const [tag, closing, name = ''] of text.matchAll(/<(\/?)([a-z!][^\s/>]*)(?:"[^"]*"|[^">])*>/gi)) {
    assert(tag.toLowerCase().startsWith('<!doctype html') || elements.has(name), `an injected element: ${tag}`)
    if (closing === '') assert.doesNotMatch(tag.replace(/"[^"]*"/g, '""'), /\son\w+\s*=|[^=]""|'/i)
  }
  for (const [, target = ''] of text.matchAll(/ (?:href|src|action)="([^"]*)"/g)) {
    assert.doesNotMatch(target, /^\s*(?:javascript|vbscript|data:text|file|blob)/i)
  }
}

/** Throws if the answer redirects to a place that is not allowed. */
export function assertRedirectsOnlyTo(answer: Answer, allowed: readonly string[]): void {
  const location = answer.headers.get('location')
  if (location === null) return
  assert(
    allowed.some((uri) => location.startsWith(`${uri}${uri.includes('?') ? '&' : '?'}`)),
    `redirects to ${location}`,
  )
}

function hasNull(value: unknown): boolean {
  if (value === null) return true
  return typeof value === 'object' && Object.values(value).some(hasNull)
}

/** The members of a JSON object. Any other value has none. */
export function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

export const jsonOf = (text: string): Readonly<Record<string, unknown>> => members(JSON.parse(text))

/** Describes a store by the version of each record. Two results are equal only if nothing was written in between. */
export async function contentsOf(store: Store): Promise<string> {
  const { signal } = new AbortController()
  const { keys } = await store.list('', signal)
  const versions = await Promise.all(keys.map(async (key) => `${key} ${(await store.get(key, signal))?.version}`))
  return versions.join('\n')
}
