import { parse, serialize } from 'hono/utils/cookie'

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
      const header = request.headers.get('cookie') ?? ''
      const names = header.split(';').map((pair) => pair.slice(0, pair.indexOf('=')).trim())
      const unique = Object.entries(parse(header)).filter(([name]) => names.filter((n) => n === name).length === 1)
      return new Map(unique)
    },
    set: (name, value, maxAge) => serialize(name, value, maxAge === undefined ? attributes : { ...attributes, maxAge }),
    expire: (name) => serialize(name, '', { ...attributes, maxAge: 0 }),
  }
}
