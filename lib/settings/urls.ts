export const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** A name of letters, digits, `-` and `_`, or an IP address. `URL` also accepts hosts that cannot exist. */
const hostname = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/

/**
 * Checks that a value is an https URL, or an http URL on this machine. A user name and a password are refused, because a
 * URL must not hold a secret. Placeholders are refused too: `https://<tenant>.example`, `https://*.example`,
 * `https://x.example/{id}`.
 */
export function isSecureUrl(value: string): boolean {
  const url = URL.parse(value)
  if (!url || /[\s<>"{}|\\^`]/.test(value) || !hostname.test(url.hostname) || url.username || url.password) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackHosts.has(url.hostname))
}

/**
 * Checks that a value is an issuer as tokens write it: a secure URL without a query and a fragment, whose scheme and host are in lower
 * case and without the default port. Issuers are compared as text, so that another spelling would look like another issuer.
 */
export const isPlainIssuer = (value: string): boolean =>
  isSecureUrl(value) && !/[?#]/.test(value) && `${value}/`.startsWith(`${new URL(value).origin}/`)

/** Checks that an origin is http on this machine. */
export function isLoopbackHttp(origin: string): boolean {
  return origin.startsWith('http:') && isSecureUrl(origin)
}

/** Checks that a value is an origin in the spelling of browsers: https, or http on this machine. */
export const isSecureOrigin = (value: string) => isSecureUrl(value) && new URL(value).origin === value

/**
 * Returns an origin in the spelling of browsers: https, or http on this machine. Accepts capitals, the default port and a slash at
 * the end, because operators copy origins from the address bar. `null` for everything else, such as a path or a wildcard (F-004-13).
 */
export function secureOriginOf(text: string): string | null {
  return /^https?:\/\/[^/?#@]+\/?$/i.test(text) && isSecureUrl(text) ? new URL(text).origin : null
}

/**
 * Returns a host as requests name it: in lower case, with its port unless the port is the default. Accepts an origin, too.
 * `null` for everything else, such as a path, a wildcard or another scheme.
 */
export function hostOf(entry: string): string | null {
  const origin = secureOriginOf(entry.includes('://') ? entry : `https://${entry}`)
  return origin && new URL(origin).host
}
