import { defined } from '../base/defined.ts'
import { measured } from '../base/telemetry.ts'
import { toJson, wellFormedTexts } from '../base/well-formed.ts'
import { connectionErrors, readText, throwUnlessOk } from './http.ts'

export interface KapaRestOptions {
  /** Base of Kapa's REST API. */
  readonly url: string
  readonly apiKey: string
}

/**
 * Makes a function that sends JSON to Kapa's REST API, and returns the text of the answer. It throws `HttpError`,
 * `ConnectionError` or `MalformedAnswer`.
 */
export function createKapaRest({ url, apiKey }: KapaRestOptions) {
  const base = url.replace(/\/+$/, '')
  return async (path: string, body: object, signal: AbortSignal): Promise<string> => {
    const endpoint = base + path
    const response = await connectionErrors(
      measured('kapa', `POST ${endpoint}`, (traceparent) =>
        fetch(endpoint, {
          method: 'POST',
          headers: defined({
            'x-api-key': apiKey,
            'content-type': 'application/json',
            accept: 'application/json',
            traceparent,
          }),
          body: toJson(wellFormedTexts(body)),
          // A redirect would carry our key to another server.
          redirect: 'manual',
          signal,
        }),
      ),
    )
    await throwUnlessOk(response)
    return readText(response)
  }
}
