import { type Browser, createBrowser } from '../browser/jar.ts'
import { recordSecret } from './recording.ts'

/** What is shorter may be an ordinary word, as the code of the mock upstream is. */
const shortest = 12

/** Remembers what no log of this run may hold: tokens, codes, verifiers, cookies, secrets, e-mail addresses. */
export function keepSecret(...values: readonly (string | null | undefined)[]): void {
  for (const secret of values) if (secret && secret.length >= shortest) recordSecret(secret)
}

/** A person's browser; whatever it is given in cookies and in the URLs it is sent to is remembered as secret. */
export function createWatchedBrowser(): Browser {
  const browser = createBrowser()
  return {
    cookies: browser.cookies,
    fetch: async (url, init) => {
      const response = await browser.fetch(url, init)
      for (const { value } of browser.cookies.list()) keepSecret(value)
      keepSecret(codeIn(String(url)), codeIn(response.headers.get('location')))
      return response
    },
  }
}

const codeIn = (url: string | null) => url && URL.parse(url)?.searchParams.get('code')

/** Remembers what the authorization server hands out in this answer: cookies, a code, tokens, a client secret. */
export async function keepSecretsOf(response: Response): Promise<void> {
  for (const cookie of response.headers.getSetCookie()) keepSecret(/^[^=]*=([^;]*)/.exec(cookie)?.[1])
  keepSecret(codeIn(response.headers.get('location')))
  if (!response.ok || response.headers.get('content-type') !== 'application/json') return
  for (const [, value] of (await response.clone().text()).matchAll(/_(?:token|secret)":"([^"]+)"/g)) keepSecret(value)
}
