import { isIPv4 } from 'node:net'

/** An IP address: its 4 or 16 bytes. */
export type IpAddress = readonly number[]

/** A CIDR range: the addresses that begin with the same bits. */
export type IpRange = readonly [address: IpAddress, bits: number]

/** Reads an address without a zone. Returns `null` unless it is plainly written: no `0177.1`, no `2130706433`, no brackets. */
export function parseIpAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return text.split('.').map(Number)
  if (!isIPv6(text)) return null
  // Its last four bytes may be written as IPv4; `::` stands for all the zeros that are missing.
  const groups = text.replace(/\d+\.\d+\.\d+\.\d+$/, (tail) => {
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = [], tail] = groups.split('::').map((side) => side.split(':').filter((group) => group !== ''))
  const zeros = tail ? Array<string>(8 - head.length - tail.length).fill('0') : []
  return [...head, ...zeros, ...(tail ?? [])].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}

/** Decides as URLs do: the first call of `isIPv6` of node:net costs 4 ms at every cold start. */
const isIPv6 = (text: string) => /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`)

/** Reads a range that is a constant in the code, or was checked before. */
export function ipRange(text: string): IpRange {
  const [address = '', bits = ''] = text.split('/')
  return [parseIpAddress(address) ?? [], Number(bits)]
}

/** An IPv4 address is never in an IPv6 range, nor the other way round. */
export function isInRange(address: IpAddress, [network, bits]: IpRange): boolean {
  if (address.length !== network.length) return false
  return address.every((byte, index) => {
    const ignored = 8 - Math.min(8, Math.max(0, bits - index * 8))
    return byte >> ignored === (network[index] ?? 0) >> ignored
  })
}

/** The 16-bit groups of an IPv6 address. */
export const groupsOf = (address: IpAddress) =>
  Array.from(
    { length: address.length / 2 },
    (_, index) => (address[index * 2] ?? 0) * 256 + (address[index * 2 + 1] ?? 0),
  )
