import { groupsOf, type IpAddress, type IpRange, ipRange, isInRange, parseIpAddress } from '../net/ip-address.ts'

/** The IP address that a request came from, as the platform tells it. */
export type Address = IpAddress

/** A CIDR range. */
export type AddressRange = IpRange

/** Bits of an IPv6 address that stand for one subscriber, who has all addresses of a /64 (A26). */
const subscriberBits = 64

const ipv4Mapped = ipRange('::ffff:0:0/96')

/** Reads an IP address; IPv4-mapped IPv6 becomes the IPv4 address. Returns `null` for any other spelling. */
export function parseAddress(text: string): Address | null {
  const address = parseIpAddress(text)
  return address && isInRange(address, ipv4Mapped) ? address.slice(12) : address
}

/** Reads a range: `10.0.0.0/8`, `2001:db8::/32`. Returns `null` for another form, and for IPv4-mapped IPv6, which holds no address. */
export function parseRange(text: string): AddressRange | null {
  const [network = '', bits = '', ...rest] = text.split('/')
  const address = parseAddress(network)
  if (address === null || rest.length > 0 || !/^\d{1,3}$/.test(bits)) return null
  const isMapped = network.includes(':') && address.length === 4
  const length = Number(bits)
  return isMapped || length > address.length * 8 ? null : [address, length]
}

/** The subscriber behind an address: the IPv4 address, or the /64 network of the IPv6 address. */
export function subscriberOf(address: Address): string {
  if (address.length === 4) return address.join('.')
  const network = groupsOf(address).slice(0, subscriberBits / 16)
  return `${network.join(':')}::/${subscriberBits}`
}

/**
 * The name under which a `Counter` counts an address; each `subject` is counted apart. `null`: the address is exempt.
 * `undefined`: the platform told none that can be read.
 */
export function countedAs(text: string, exempt: readonly AddressRange[], subject = ''): string | null | undefined {
  const address = parseAddress(text)
  if (!address) return undefined
  return exempt.some((range) => isInRange(address, range)) ? null : `${subscriberOf(address)} ${subject}`
}
