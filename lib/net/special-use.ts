import { groupsOf, type IpAddress, ipRange, isInRange, parseIpAddress } from './ip-address.ts'

/** The IPv4 ranges in IANA's registry of special-purpose addresses (RFC 6890 and its successors). */
const specialIpv4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
].map(ipRange)

/** The only range that IANA has assigned. It excludes the deprecated IPv4-compatible form `::a.b.c.d` as well. */
const globalUnicast = ipRange('2000::/3')

/** The special-purpose ranges in `globalUnicast`. */
const specialIpv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'].map(ipRange)

const loopback = ['127.0.0.0/8', '::1/128'].map(ipRange)

/**
 * Whether an address is on the public internet: global unicast, and not special-purpose (RFC 6890 and its successors) in
 * any disguise. Anything but a plainly written IP address is not.
 */
export function isPubliclyRoutable(text: string): boolean {
  const address = parseIpAddress(text)
  if (!address) return false
  const among = (ranges: readonly (typeof globalUnicast)[]) => ranges.some((range) => isInRange(address, range))
  if (address.length === 4) return !among(specialIpv4)
  return isInRange(address, globalUnicast) && !among(specialIpv6) && !isIsatap(address)
}

/** Whether an address is in 127.0.0.0/8, or is ::1. */
export function isLoopback(text: string): boolean {
  const address = parseIpAddress(text)
  return address !== null && loopback.some((range) => isInRange(address, range))
}

/**
 * Whether a host name has a meaning inside a network only (RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`). Also true for
 * forms that slip past a comparison: a trailing dot, a single label. Expects a host as `URL` gives it, not an IP literal.
 */
export function isLocalName(hostname: string): boolean {
  return !/^[^.].*\.[^.]+$/.test(hostname) || /\.(?:localhost|local|internal|home\.arpa)$/.test(hostname)
}

/** RFC 5214 §6.1: `…:0:5efe:a.b.c.d` under any prefix is a tunnel to that IPv4 address. */
function isIsatap(address: IpAddress): boolean {
  const [, , , , high, low] = groupsOf(address)
  return low === 0x5efe && (high === 0 || high === 0x0200)
}
