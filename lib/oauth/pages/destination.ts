/**
 * Where an authorization response goes, in terms for the user. `host` and `address` (the whole URI) are as `URL` writes them.
 * That is ASCII, so no look-alike letter can pose as another.
 */
export type Destination = { readonly address: string } & (
  | { readonly kind: 'web'; readonly host: string }
  /** RFC 8252 §7.3: a program on the user's own computer. */
  | { readonly kind: 'loopback'; readonly host: string }
  /** RFC 8252 §7.1: the app that opens links of this scheme. */
  | { readonly kind: 'app'; readonly scheme: string }
)

/** Reads the destination of a validated redirect URI. Throws `TypeError` if it is not a URL. */
export function destinationOf(redirectUri: string): Destination {
  const { protocol, host, hostname, href: address } = new URL(redirectUri)
  if (protocol !== 'https:' && protocol !== 'http:') return { kind: 'app', scheme: protocol.slice(0, -1), address }
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
  return loopback ? { kind: 'loopback', host, address } : { kind: 'web', host, address }
}

/** Shortens a long host for a headline. Keeps its end, which says whose host it is. */
export function shortHost(host: string): string {
  const labels = host.split('.')
  let kept = labels.slice(-2).join('.')
  for (const label of labels.slice(0, -2).reverse()) {
    if (label.length + kept.length >= LONGEST_IN_HEADLINE) return `…${kept}`
    kept = `${label}.${kept}`
  }
  return host
}

const LONGEST_IN_HEADLINE = 40
