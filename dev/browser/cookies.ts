import { Cookie, MemoryCookieStore, CookieJar as ToughCookieJar } from 'tough-cookie'

export interface CookieJar {
  /** The cookies that have not expired, of every host. */
  list(): readonly { readonly name: string; readonly value: string }[]
  /** Stores one `Set-Cookie` of an answer from `url`, or ignores it where Chromium refuses it. */
  set(url: URL, setCookie: string): void
  /** The value of the `Cookie` header for a navigation; undefined if there is nothing to send. */
  header(url: URL, navigation: Navigation): string | undefined
}

export interface Navigation {
  readonly method: string
  /** The page that started it. Null: the user typed the address. */
  readonly initiator: URL | null
}

/** Chromium's limit for name and value together, in characters. */
const maxPairLength = 4096

/**
 * Keeps cookies as Chromium does. tough-cookie implements RFC 6265bis; the rest is Chromium's own: a limit of length,
 * `SameSite=Lax` as the default, and no `SameSite=None` without `Secure`.
 */
export function createCookieJar(): CookieJar {
  const store = new MemoryCookieStore()
  const jar = new ToughCookieJar(store, {
    rejectPublicSuffixes: false,
    prefixSecurity: 'strict',
    enforceSecureOriginOnStorage: true,
  })
  return {
    list() {
      const now = Date.now()
      const { cookies } = jar.serializeSync() ?? { cookies: [] }
      return cookies
        .map((serialized) => Cookie.fromJSON(serialized))
        .filter((cookie) => cookie !== undefined)
        .filter((cookie) => (cookie.expiryTime() ?? Number.POSITIVE_INFINITY) > now)
        .map(({ key, value }) => ({ name: key, value }))
    },
    set(url, setCookie) {
      const cookie = Cookie.parse(setCookie)
      if (cookie === undefined || cookie.key.length + cookie.value.length > maxPairLength) return
      if (cookie.sameSite === 'none' && !cookie.secure) return
      cookie.sameSite ??= 'lax'
      if (cookie.maxAge !== null) {
        // tough-cookie counts Max-Age from the last use of the cookie; browsers count it from its creation.
        cookie.expires = cookie.expiryDate(new Date()) ?? 'Infinity'
        cookie.maxAge = null
      }
      jar.setCookieSync(cookie, url.href, { ignoreError: true })
    },
    header(url, { method, initiator }) {
      const crossSite = initiator !== null && !sameSite(initiator, url)
      const sameSiteContext = crossSite ? (method === 'GET' ? 'lax' : 'none') : 'strict'
      return jar.getCookieStringSync(url.href, { sameSiteContext, sort: true }) || undefined
    },
  }
}

/**
 * Whether two URLs are of one site: scheme and registrable domain. The hosts here are loopback, so the host stands for
 * the domain; the port does not count.
 */
export function sameSite(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.hostname === other.hostname
}

/** Whether Chromium accepts `Secure` cookies from the URL and sends `Sec-Fetch-*` to it: https, and loopback. */
export function trustworthy(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}
