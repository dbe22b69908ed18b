import { readBody } from '../base/body.ts'
import { ConnectionError, HttpError, MalformedAnswer } from './errors.ts'

/** Bytes of one answer. A Netlify function may answer with 6 MB, and our answer holds this one as text and as data. */
export const maximumAnswer = 2.5 * 1024 * 1024

/** Throws `HttpError` for a status that is not a success. */
export async function throwUnlessOk(response: Response): Promise<void> {
  if (response.ok) return
  if (response.status < 400) {
    // We follow no redirect. A body that is not read would keep the connection.
    await response.body?.cancel()
    throw new HttpError(response.status, '')
  }
  const text = await readText(response)
  throw new HttpError(response.status, text, retryAfterOf(response))
}

/** Seconds, from seconds or a date (RFC 9110 §10.2.3), at most a day. `Date.parse` alone reads `+40` as the year 2040. */
function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? ''
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) : Number.NaN
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Math.ceil((date - Date.now()) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), 86_400)
}

/** Reads the body of an answer. Throws `MalformedAnswer` when it is too large, and `ConnectionError`. */
export async function readText(response: Response): Promise<string> {
  const body = await connectionErrors(readBody(response.body, maximumAnswer))
  if (body === null) throw new MalformedAnswer('answer too large')
  return new TextDecoder().decode(body)
}

/** Turns what `fetch` and its streams throw into a `ConnectionError`. */
export async function connectionErrors<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof MalformedAnswer) throw error
    throw new ConnectionError('the connection failed', { cause: error })
  }
}
