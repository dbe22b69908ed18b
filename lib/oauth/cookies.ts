import { serialize } from 'hono/utils/cookie'

/**
 * The cookies of one issuer. On https each name has the `__Host-` prefix: bound to this host, this path, TLS (C-09).
 * On loopback http, where not every browser keeps such a cookie, the plain name.
 */
export interface Cookies {
  name(base: string): string
  /** The cookies of a request; a name that appears twice is left out, since nobody can say which one is ours. */
  read(request: Request): ReadonlyMap<string, string>
  /** `maxAge` in seconds; without it the cookie lives as long as the browser's session. */
  set(name: string, value: string, maxAge?: number): string
  expire(name: string): string
}

export function createCookies(issuer: string): Cookies {
  const secure = issuer.startsWith('https:')
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'Lax' } as const
  return {
    name: (base) => (secure ? `__Host-${base}` : base),
    read(request) {
      const found = new Map<string, string>()
      const repeated = new Set<string>()
      for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
        // RFC 6265 §4.2.1. Only space and tab around it: other white space belongs to a name, and to another name.
        const [, name, value] = /^[ \t]*([^=]+)=[ \t]*([^ \t]*)[ \t]*$/.exec(pair) ?? []
        if (name === undefined || value === undefined) continue
        if (found.has(name)) repeated.add(name)
        found.set(name, value)
      }
      for (const name of repeated) found.delete(name)
      return found
    },
    set: (name, value, maxAge) => serialize(name, value, maxAge === undefined ? attributes : { ...attributes, maxAge }),
    expire: (name) => serialize(name, '', { ...attributes, maxAge: 0 }),
  }
}
