import { isIP } from 'node:net'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { expect, test } from 'vitest'
import { times } from '../../dev/worlds/times.ts'
import { ipRange, isInRange, parseIpAddress } from './ip-address.ts'
import { isLoopback, isPubliclyRoutable } from './special-use.ts'

/** Compares the reading of every spelling with that of `ipaddr.js`, a long-established parser. */

const bytesOf = (text: string) => ipaddr.parse(text).toByteArray()

/** Addresses, half of them near the ends of special ranges. */
const edges = [
  ...['0.0.0.0', '10.0.0.0', '100.64.0.0', '127.0.0.0', '169.254.0.0', '172.16.0.0', '192.0.0.0', '192.0.2.0'],
  ...['192.31.196.0', '192.52.193.0', '192.88.99.0', '192.168.0.0', '192.175.48.0', '198.18.0.0', '198.51.100.0'],
  ...['203.0.113.0', '224.0.0.0', '240.0.0.0', '255.255.255.255', '11.0.0.0', '100.128.0.0', '128.0.0.0', '172.32.0.0'],
  ...['192.169.0.0', '198.20.0.0', '::', '::1', '2000::', '2001::', '2001:200::', '2001:db8::', '2001:db9::', '2002::'],
  ...['2003::', '2620:4f:8000::', '2620:4f:8001::', '3fff::', '3fff:1000::', '4000::', 'fc00::', 'fe80::', 'ff00::'],
  ...['::ffff:0:0', '64:ff9b::', '100::', '5f00::'],
]
const anywhere = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => [...bytes])
const address = fc.oneof(
  anywhere,
  anywhere.map((bytes) => bytes.slice(12)),
  fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -2, max: 2 })).map(([edge, offset]) => {
    const bytes = bytesOf(edge)
    let carry = offset
    for (let index = bytes.length - 1; index >= 0 && carry !== 0; index--) {
      const sum = (bytes[index] ?? 0) + carry
      bytes[index] = ((sum % 256) + 256) % 256
      carry = Math.floor(sum / 256)
    }
    return bytes
  }),
)
const parsed = (bytes: readonly number[]) => ipaddr.fromByteArray([...bytes])
const spellings = (bytes: readonly number[]) => {
  const it = parsed(bytes)
  const dotted = bytes.slice(12).join('.')
  const full = it.toNormalizedString().replaceAll(/\b[0-9a-f]+\b/g, (group) => group.padStart(4, '0'))
  return it instanceof ipaddr.IPv4
    ? [it.toString()]
    : [
        it.toString(),
        it.toRFC5952String(),
        full,
        it.toNormalizedString().toUpperCase(),
        `${full.split(':').slice(0, 6).join(':')}:${dotted}`,
      ]
}

test('an address has the same bytes in every spelling', () => {
  fc.assert(
    fc.property(address, (bytes) => {
      for (const text of spellings(bytes)) expect([text, parseIpAddress(text)]).toEqual([text, bytes])
    }),
    { numRuns: times(400, 2_000) },
  )
})

test('text is an address exactly if Node takes it for one', () => {
  const part = fc.oneof(
    fc.constantFrom(
      '',
      ':',
      '::',
      '.',
      '0',
      '00',
      '01',
      '256',
      '1.2.3.4',
      'ffff',
      '10000',
      '%1',
      'g',
      ' ',
      ']',
      '@',
      '/',
      '\t',
    ),
    fc.integer({ min: 0, max: 0xffff }).map((group) => `${group.toString(16)}:`),
  )
  const texts = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.array(fc.constantFrom('0', 'a', ':', '::', '.', '1'), { maxLength: 20 }).map((parts) => parts.join('')),
    fc.tuple(address, fc.nat(39), part).map(([bytes, at, text]) => {
      const good = parsed(bytes).toString()
      return good.slice(0, at) + text + good.slice(at)
    }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      expect([text, parseIpAddress(text) !== null]).toEqual([text, isIP(text) !== 0 && !text.includes('%')])
    }),
    { numRuns: times(2_000, 20_000) },
  )
})

test('text that is not a plain address is refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fx.:%]{1,20}$/)), (text) => {
      const bytes = parseIpAddress(text)
      if (bytes !== null) expect(bytesOf(text)).toEqual(bytes)
    }),
    { numRuns: times(1_000, 5_000) },
  )
  for (const text of ['', '1', '0177.0.0.1', '1.1.1.1/32', '[::1]', 'fe80::1%eth0', ':::', '1::2::3', '1:2:3:4:5:6:7'])
    expect(parseIpAddress(text), text).toBeNull()
})

test('a range has the addresses that share its first bits', () => {
  fc.assert(
    fc.property(address, address, fc.nat(128), (one, other, length) => {
      const bits = Math.min(length, other.length * 8)
      const expected = one.length === other.length && parsed(one).match(parsed(other) as never, bits)
      expect(isInRange(one, [other, bits])).toBe(expected)
    }),
    { numRuns: times(1_000, 5_000) },
  )
  expect(isInRange(bytesOf('10.1.2.3'), ipRange('10.0.0.0/8'))).toBe(true)
})

test('the parser and the library agree about public and loopback addresses [M-05 A17 B8-9]', () => {
  const isatap = (text: string) => /:0?0?(?:0|200|0200):5efe:/.test(ipaddr.parse(text).toNormalizedString())
  const wasPublic = (text: string) => {
    const it = ipaddr.parse(text)
    if (it.range() !== 'unicast') return false
    return it instanceof ipaddr.IPv4 || (it.match(ipaddr.IPv6.parseCIDR('2000::/3')) && !isatap(text))
  }
  fc.assert(
    fc.property(address, (bytes) => {
      const text = parsed(bytes).toString()
      expect([text, isPubliclyRoutable(text)]).toEqual([text, wasPublic(text)])
      expect([text, isLoopback(text)]).toEqual([text, ipaddr.parse(text).range() === 'loopback'])
    }),
    { numRuns: times(2_000, 20_000) },
  )
})
