import { keepSecretsOf } from '../../../dev/worlds/secrets.ts'
import { defined } from '../../../lib/base/defined.ts'
import { send } from '../../support/send.ts'
import { check } from './check.ts'
import { checkPreflight, fetchHeaders, readableHeaders } from './cross-origin.ts'
import type { ClientProfile, HeaderFields } from './profile.ts'

/** An answer, with the name of its request for failure messages. The name contains no values. */
export interface Exchange {
  readonly request: string
  readonly status: number
  /** The headers that the client may read. */
  readonly headers: Headers
  readonly text: string
}

/** Sends a request with exactly these headers, plus those of the browser if the client runs in a page. */
export async function exchange(
  { origin }: Pick<ClientProfile, 'origin'>,
  method: string,
  url: string,
  headers: HeaderFields,
  body?: string | URLSearchParams,
): Promise<Exchange> {
  const request = `${method} ${new URL(url).pathname}`
  const sent = defined({ method, headers, body: body?.toString() })
  if (origin === null) return readExchange(request, await send(url, sent))
  await checkPreflight(origin, method, url, headers)
  const response = await send(url, { ...sent, headers: { ...headers, ...fetchHeaders(origin) } })
  return { ...(await readExchange(request, response)), headers: readableHeaders(origin, request, response.headers) }
}

async function readExchange(request: string, response: Response): Promise<Exchange> {
  await keepSecretsOf(response)
  return { request, status: response.status, headers: response.headers, text: await response.text() }
}

/** The answer's JSON. It must not contain `null`, because clients with a schema refuse such an answer (T-04, R-04). */
export function jsonOf({ request, status, headers, text }: Exchange): unknown {
  const [mediaType] = (headers.get('content-type') ?? '').split(';')
  check(mediaType === 'application/json', `${request} ${status} is ${mediaType || 'without a content type'}, not JSON`)
  const value: unknown = JSON.parse(text)
  check(!holdsNull(value), `${request} ${status} contains null`)
  return value
}

function holdsNull(value: unknown): boolean {
  if (typeof value !== 'object') return false
  return value === null || Object.values(value).some(holdsNull)
}

export function checkStatus(answer: Exchange, expected: number): void {
  const { request, status, text } = answer
  const [, error = ''] = /"error":\s*"([a-z_]+)"/.exec(text) ?? []
  check(status === expected, `${request} was answered ${[status, error].join(' ').trim()}, not ${expected}`)
}
