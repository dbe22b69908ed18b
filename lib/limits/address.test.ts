import { describe, expect, test } from 'vitest'
import { isInRange } from '../net/ip-address.ts'
import { parseAddress, parseRange, subscriberOf } from './address.ts'

function subscriber(text: string) {
  const address = parseAddress(text)
  return address && subscriberOf(address)
}

describe('addresses that are counted as one', () => {
  test('an IPv4 address, however it is written', () => {
    expect(subscriber('203.0.113.7')).toBe('203.0.113.7')
    expect(subscriber('::ffff:203.0.113.7')).toBe('203.0.113.7')
    expect(subscriber('::ffff:cb00:7107')).toBe('203.0.113.7')
    expect(subscriber('203.0.113.8')).not.toBe('203.0.113.7')
  })

  test('a /64 of IPv6: a change of address inside it gives no new count [A26]', () => {
    const one = subscriber('2001:db8:1:2::1')
    for (const other of ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002::abcd']) {
      expect(subscriber(other)).toBe(one)
    }
    expect(subscriber('2001:db8:1:3::1')).not.toBe(one)
  })

  test.each(['', 'unknown', '203.0.113.7, 10.0.0.1', '0177.0.0.1', '2130706433', 'fe80::1%eth0', '203.0.113.7:443'])(
    '%j is not an address',
    (text) => expect(parseAddress(text)).toBeNull(),
  )
})

describe('ranges', () => {
  test.each([
    ['160.79.104.0/21', '160.79.111.255', true],
    ['160.79.104.0/21', '160.79.112.0', false],
    ['160.79.104.0/21', '::ffff:160.79.104.1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '160.79.104.1', false],
    ['::1/128', '::1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
  ])('%s has %s: %s', (range, address, expected) => {
    const parsed = [parseRange(range), parseAddress(address)] as const
    expect(parsed[0] && parsed[1] && isInRange(parsed[1], parsed[0])).toBe(expected)
  })

  test.each([
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '2001:db8::/129',
    '10/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/8.5',
    '::ffff:10.0.0.0/104',
    'example.com/8',
  ])('%j is not a range', (text) => expect(parseRange(text)).toBeNull())
})
