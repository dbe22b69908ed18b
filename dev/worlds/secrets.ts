import { type Browser, createBrowser } from '../browser/jar.ts'
import { isRecording, recordSecret } from './recording.ts'

/** A shorter value may be an ordinary word, as the code of the mock provider is. */
const shortest = 12

/** Records values that no log of this run may hold: tokens, codes, verifiers, cookies, secrets, email addresses. */
export function keepSecret(...values: readonly (string | null | undefined)[]): void {
  for (const secret of values) if (secret && secret.length >= shortest) recordSecret(secret)
}

/** A user's browser. It records as secret every cookie, every code in a URL and every sealed request in a form. */
export function createWatchedBrowser(...reach: Parameters<typeof createBrowser>): Browser {
  const browser = createBrowser(...reach)
  return {
    cookies: browser.cookies,
    fetch: async (url, init) => {
      keepSecret(init?.body?.get('request'))
      const response = await browser.fetch(url, init)
      for (const { value } of browser.cookies.list()) keepSecret(value)
      keepSecret(codeIn(String(url)), codeIn(response.headers.get('location')))
      return response
    },
  }
}

const codeIn = (url: string | null) => url && URL.parse(url)?.searchParams.get('code')

/** Records the secrets in an answer of the authorization server: cookies, a code, tokens, a client secret. */
export async function keepSecretsOf(response: Response): Promise<void> {
  // Reading an answer twice would be a tenth of what a benchmark measures.
  if (!isRecording()) return
  for (const cookie of response.headers.getSetCookie()) keepSecret(/^[^=]*=([^;]*)/.exec(cookie)?.[1])
  keepSecret(codeIn(response.headers.get('location')))
  if (!response.ok || response.headers.get('content-type') !== 'application/json') return
  for (const [, value] of (await response.clone().text()).matchAll(/_(?:token|secret)":"([^"]+)"/g)) keepSecret(value)
}
