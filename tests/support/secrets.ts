import { expect } from 'vitest'
import { type Browser, createBrowser } from '../../dev/browser/jar.ts'

const seen = new Set<string>()

/** What is shorter may be an ordinary word, as the code of the mock upstream is. */
const shortest = 12

/** Remembers what no log may hold: tokens, codes, verifiers, cookies, secrets, e-mail addresses. */
export function keepSecret(...values: readonly (string | null | undefined)[]): void {
  for (const value of values) if (value && value.length >= shortest) seen.add(value)
}

/** A person's browser; whatever it is given in cookies and in the URLs it is sent to is remembered as secret. */
export function createWatchedBrowser(): Browser {
  const browser = createBrowser()
  return {
    cookies: browser.cookies,
    fetch: async (url, init) => {
      const response = await browser.fetch(url, init)
      for (const { value } of browser.cookies.list()) keepSecret(value)
      for (const at of [String(url), response.headers.get('location') ?? '']) {
        keepSecret(URL.parse(at)?.searchParams.get('code'))
      }
      return response
    },
  }
}

/**
 * Nothing of what was remembered is in these lines, not even its end, nor anything else that looks like a token of ours
 * or an e-mail address.
 */
export function expectNoSecretIn(lines: readonly string[]): void {
  const text = lines.join('\n')
  expect(seen.size, 'a test that has seen no secret proves nothing').toBeGreaterThan(0)
  expect(text, 'a log that is empty proves nothing').toContain('"event"')
  expect([...seen].filter((secret) => text.includes(secret.slice(-24)))).toEqual([])
  expect(text.match(/\beyJ[\w-]{8,}|[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}/gi) ?? []).toEqual([])
}
