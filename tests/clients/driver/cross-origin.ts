import { send } from '../../support/send.ts'
import { check } from './check.ts'
import type { HeaderFields } from './profile.ts'

/** Sends requests as a browser does for a page that talks to another origin without credentials (Fetch §3.3, §4.8). */

export const fetchHeaders = (origin: string): HeaderFields => ({
  origin,
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
})

/** Sends a preflight first, as a browser does unless a form could send the method and the headers. */
export async function checkPreflight(
  origin: string,
  method: string,
  url: string,
  headers: HeaderFields,
): Promise<void> {
  const names = Object.keys(headers).filter((name) => !isSafelisted(name, headers[name] ?? ''))
  if (names.length === 0) return
  const response = await send(url, {
    method: 'OPTIONS',
    headers: {
      ...fetchHeaders(origin),
      'access-control-request-method': method,
      'access-control-request-headers': names.toSorted().join(','),
    },
  })
  const request = `OPTIONS ${new URL(url).pathname}`
  check(response.ok, `${request} was answered ${response.status}`)
  checkOrigin(origin, request, response.headers)
  const allowed = listOf(response.headers.get('access-control-allow-headers'))
  for (const name of names) {
    // The asterisk does not cover `Authorization` (Fetch §4.9).
    const isAllowed = allowed.includes(name) || (allowed.includes('*') && name !== 'authorization')
    check(isAllowed, `${request} does not allow the header ${name}`)
  }
}

/** The headers that a page can read. */
export function readableHeaders(origin: string, request: string, headers: Headers): Headers {
  checkOrigin(origin, request, headers)
  const exposed = [...safelistedInAnswers, ...listOf(headers.get('access-control-expose-headers'))]
  return new Headers([...headers].filter(([name]) => exposed.includes(name)))
}

const safelistedInAnswers = [
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
]

function checkOrigin(origin: string, request: string, headers: Headers): void {
  const allowed = headers.get('access-control-allow-origin')
  check(allowed === '*' || allowed === origin, `a page of ${origin} cannot read ${request}`)
}

const isSafelisted = (name: string, value: string) =>
  name === 'accept' || (name === 'content-type' && value === 'application/x-www-form-urlencoded')

const listOf = (field: string | null) => (field ?? '').split(',').map((entry) => entry.trim().toLowerCase())
