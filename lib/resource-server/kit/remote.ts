import { withDeadline } from '../../base/deadline.ts'
import { isObject, jsonOf, utf8 } from '../../base/json.ts'
import type { Members } from '../jwt.ts'
import type { Fetch } from './options.ts'

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** Whether a URL may be used: https, or plain http on this machine; without a user, a password or a fragment. */
export function isSecureUrl(text: unknown): text is string {
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.password !== '' || url.href.includes('#')) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackHosts.includes(url.hostname))
}

/** Milliseconds for a request to an authorization server. */
const requestTimeout = 5_000
const mostBytes = 512 * 1024

export type Answer =
  | { readonly kind: 'json'; readonly body: Members }
  /** The server has no such document, or refuses the request. */
  | { readonly kind: 'status'; readonly status: number }
  /** The server did not answer, or its answer is no JSON object. */
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Requests a JSON object. It follows no redirect: a key set or an answer about a token from elsewhere must not count. It reads at
 * most 512 KB, and gives up after five seconds. Never throws.
 */
export async function requestJson(fetch: Fetch, url: string, init: RequestInit = {}): Promise<Answer> {
  try {
    return await withDeadline(requestTimeout, async (signal): Promise<Answer> => {
      const response = await fetch(url, { ...init, redirect: 'manual', signal })
      if (response.status !== 200) {
        await response.body?.cancel()
        return { kind: 'status', status: response.status }
      }
      const bytes = await bodyOf(response)
      const body = bytes && jsonOf(utf8(bytes) ?? '')
      if (isObject(body)) return { kind: 'json', body }
      return { kind: 'failed', reason: bytes ? 'its answer is no JSON object' : 'its answer is too long' }
    })
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError'
    return { kind: 'failed', reason: isLate ? 'it did not answer in time' : 'it could not be reached' }
  }
}

async function bodyOf(response: Response): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.byteLength
    if (length > mostBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
