/** One cookie as a browser holds it. */
export interface Cookie {
  readonly name: string
  readonly value: string
  /** No port: ports do not separate cookies (RFC 6265 §8.5). */
  readonly host: string
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none'
  /** Milliseconds since the epoch; absent: until the browser closes. */
  readonly expires?: number
}

export interface CookieJar {
  /** What is held and has not expired, for one host or all. */
  list(host?: string): readonly Cookie[]
  /** Takes one `Set-Cookie` of an answer from `url`, or refuses it as Chromium would. */
  set(url: URL, setCookie: string): void
  /** The value of the `Cookie` header for a navigation; undefined if there is nothing to send. */
  header(url: URL, navigation: Navigation): string | undefined
  clear(): void
}

export interface Navigation {
  readonly method: string
  /** Who started it; null: the person, by the address bar. */
  readonly initiator: URL | null
}

const maxPairLength = 4096

/** Cookies as Chromium keeps them, without `Domain`, which nothing here may set: every cookie is its host's own. */
export function createCookieJar(now: () => number = Date.now): CookieJar {
  const cookies = new Map<string, Cookie>()
  const list = (host?: string) =>
    [...cookies.values()].filter(
      (cookie) =>
        (host === undefined || cookie.host === host) && (cookie.expires === undefined || cookie.expires > now()),
    )
  return {
    list,
    set(url, setCookie) {
      const cookie = parse(url, setCookie, now())
      if (cookie === null) return
      const key = `${cookie.host} ${cookie.path} ${cookie.name}`
      if (cookie.expires !== undefined && cookie.expires <= now()) cookies.delete(key)
      else cookies.set(key, cookie)
    },
    header(url, navigation) {
      const crossSite = navigation.initiator !== null && !sameSite(navigation.initiator, url)
      const sent = list(url.hostname).filter(
        (cookie) =>
          pathMatches(url.pathname, cookie.path) &&
          (!cookie.secure || trustworthy(url)) &&
          (!crossSite || cookie.sameSite === 'none' || (cookie.sameSite === 'lax' && navigation.method === 'GET')),
      )
      // RFC 6265 §5.4: longer paths first.
      sent.sort((one, other) => other.path.length - one.path.length)
      return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    },
    clear: () => cookies.clear(),
  }
}

/** A site is scheme and registrable domain; of loopback, the only hosts here, scheme and host, whatever the port. */
export function sameSite(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.hostname === other.hostname
}

/** Where Chromium accepts and sends `Secure` cookies, and sends `Sec-Fetch-*`: https, and loopback. */
export function trustworthy(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}

function parse(url: URL, setCookie: string, now: number): Cookie | null {
  const [pair = '', ...rest] = setCookie.split(';')
  const equals = pair.indexOf('=')
  const name = pair.slice(0, Math.max(equals, 0)).trim()
  const value = pair.slice(equals + 1).trim()
  const attributes = new Map(
    rest.map((attribute) => {
      const [key = '', ...words] = attribute.split('=')
      return [key.trim().toLowerCase(), words.join('=').trim()]
    }),
  )
  const secure = attributes.has('secure')
  const path = attributes.get('path')
  const named = attributes.get('samesite')?.toLowerCase()
  // Chromium: Lax where nothing, or nothing known, is said.
  const site = named === 'strict' || named === 'none' ? named : 'lax'

  if (name === '' || name.length + value.length > maxPairLength) return null
  if (attributes.has('domain') || (secure && !trustworthy(url)) || (site === 'none' && !secure)) return null
  if (/^__(host|secure)-/i.test(name) && !secure) return null
  if (/^__host-/i.test(name) && path !== '/') return null

  const expires = expiry(attributes.get('max-age'), attributes.get('expires'), now)
  return {
    name,
    value,
    host: url.hostname,
    path: path?.startsWith('/') ? path : url.pathname.replace(/\/[^/]*$/, '') || '/',
    secure,
    httpOnly: attributes.has('httponly'),
    sameSite: site,
    ...(expires !== undefined && { expires }),
  }
}

function expiry(maxAge: string | undefined, expires: string | undefined, now: number): number | undefined {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const date = Date.parse(expires ?? '')
  return Number.isNaN(date) ? undefined : date
}

function pathMatches(requested: string, path: string): boolean {
  return requested === path || requested.startsWith(path.endsWith('/') ? path : `${path}/`)
}
