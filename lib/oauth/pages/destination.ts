/**
 * Where an authorization response goes, as a person would say it. `host` and `address` (the whole URI) are as `URL` writes
 * them: in ASCII, so that nothing in them can pose as something else.
 */
export type Destination = { readonly address: string } & (
  | { readonly kind: 'web'; readonly host: string }
  /** RFC 8252 §7.3: some program on the person's own computer. */
  | { readonly kind: 'loopback'; readonly host: string }
  /** RFC 8252 §7.1: whichever app opens links of this scheme. */
  | { readonly kind: 'app'; readonly scheme: string }
)

/** @param redirectUri a validated redirect URI; throws `TypeError` when it is no URL. */
export function destinationOf(redirectUri: string): Destination {
  const { protocol, host, hostname, href: address } = new URL(redirectUri)
  if (protocol !== 'https:' && protocol !== 'http:') return { kind: 'app', scheme: protocol.slice(0, -1), address }
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
  return loopback ? { kind: 'loopback', host, address } : { kind: 'web', host, address }
}

/** For a headline: of a long host its end, which says whose it is. */
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
