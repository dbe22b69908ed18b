import { serialize } from 'hono/utils/cookie'

/**
 * Reads and writes the cookies of one issuer. On https every name has the `__Host-` prefix, which binds the cookie to this host and to
 * TLS (C-09). On loopback http, where not every browser accepts such a cookie, the name is plain.
 */
export type Cookies = ReturnType<typeof createCookies>

export function createCookies(issuer: string) {
  const secure = issuer.startsWith('https:')
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'Lax' } as const
  return {
    name: (base: string) => (secure ? `__Host-${base}` : base),
    /** Reads the cookies of a request. A name that appears twice is left out, since either one may be forged. */
    read(request: Request): ReadonlyMap<string, string> {
      const found = new Map<string, string>()
      const repeated = new Set<string>()
      for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
        const equals = pair.indexOf('=')
        const name = withoutBlanks(pair.slice(0, Math.max(equals, 0)))
        const value = withoutBlanks(pair.slice(equals + 1))
        if (name === '' || /[ \t]/.test(value)) continue
        if (found.has(name)) repeated.add(name)
        found.set(name, value)
      }
      for (const name of repeated) found.delete(name)
      return found
    },
    /** `maxAge` in seconds. If absent, the cookie lives as long as the browser's session. */
    set: (name: string, value: string, maxAge?: number) =>
      serialize(name, value, maxAge === undefined ? attributes : { ...attributes, maxAge }),
    expire: (name: string) => serialize(name, '', { ...attributes, maxAge: 0 }),
  }
}

/**
 * Trims spaces and tabs, and nothing else (RFC 6265 §4.2.1): other white space is part of a name. A regular expression would take
 * quadratic time on a long run of blanks.
 */
function withoutBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t'
  let [start, end] = [0, text.length]
  while (start < end && isBlank(start)) start += 1
  while (start < end && isBlank(end - 1)) end -= 1
  return text.slice(start, end)
}
