import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Whether an address is one of the public internet: global unicast, and nothing special-use (RFC 6890 and its successors)
 * in any disguise. Whatever is not a plainly written IP address is not.
 */
export function isPubliclyRoutable(address: string): boolean {
  const parsed = parse(address)
  if (parsed?.range() !== 'unicast') return false
  if (parsed instanceof ipaddr.IPv4) return true
  // IANA has given out 2000::/3 only. This also drops the deprecated IPv4-compatible form `::a.b.c.d`.
  return parsed.match(GLOBAL_UNICAST) && !isIsatap(parsed)
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return parse(address)?.range() === 'loopback'
}

/**
 * Host names that mean something inside a network only (RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`), and the forms
 * that reach them past a comparison: a trailing dot, a single label. Expects a host as `URL` gives it, not an IP literal.
 */
export function isLocalName(hostname: string): boolean {
  return !/^[^.].*\.[^.]+$/.test(hostname) || /\.(?:localhost|local|internal|home\.arpa)$/.test(hostname)
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

function parse(address: string) {
  // `ipaddr.js` also reads `0177.1` and `2130706433`; a resolver answers neither, and `URL` has already rewritten them.
  if (isIP(address) === 0 || address.includes('%')) return null
  return ipaddr.parse(address)
}

/** RFC 5214 §6.1: `…:0:5efe:a.b.c.d` under any prefix is a tunnel to that IPv4 address. */
function isIsatap(address: ipaddr.IPv6): boolean {
  const [, , , , high, low] = address.parts
  return low === 0x5efe && (high === 0 || high === 0x0200)
}
