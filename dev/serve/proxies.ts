import { BlockList, isIP } from 'node:net'

/** The proxies whose word about their callers this server takes. */
export interface Proxies {
  has(address: string): boolean
}

/**
 * Reads a list of addresses and ranges, such as `10.0.0.0/8, 2001:db8::/32, 127.0.0.1`.
 *
 * @throws RangeError that names the first entry which is neither
 */
export function readProxies(list: string): Proxies {
  const ranges = new BlockList()
  for (const entry of list.split(',').map((text) => text.trim())) if (entry !== '') add(ranges, entry)
  return { has: (address) => isIP(address) !== 0 && ranges.check(address, familyOf(address)) }
}

function add(ranges: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  // A range of all addresses would let every caller choose its own address.
  if (isIP(address) === 0 || rest.length > 0 || !(length >= 1 && length <= bits)) throw new RangeError(entry)
  ranges.addSubnet(address, length, familyOf(address))
}

const familyOf = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/**
 * Returns the address of the caller. Each proxy adds the address of its own caller at the end of `X-Forwarded-For`, so
 * the list is read from its end: up to the first address that is not a trusted proxy's. Everything before it was written
 * by that caller and proves nothing.
 *
 * @param peer the other end of the connection
 * @param forwarded the values of `X-Forwarded-For`, all lines
 */
export function clientAddress(peer: string, forwarded: readonly string[], proxies: Proxies): string {
  let known = peer
  const entries = forwarded.join(',').split(',')
  while (proxies.has(known)) {
    const next = addressIn(entries.pop() ?? '')
    // An entry that is no address: what a trusted proxy could not say stays the proxy's own.
    if (next === null) return known
    known = next
  }
  return known
}

/** Reads an entry of `X-Forwarded-For`. Some proxies add the port, and put an IPv6 address into brackets. */
function addressIn(entry: string): string | null {
  const text = entry.trim()
  const [, bracketed] = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text) ?? []
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text) ?? []
  const address = (bracketed ?? withPort ?? text).replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(address) === 0 ? null : address
}
