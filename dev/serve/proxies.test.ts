import { describe, expect, test } from 'vitest'
import { clientAddress, readProxies } from './proxies.ts'

const proxies = readProxies('10.0.0.0/8, 2001:db8::/32,192.0.2.1')

describe('a list of trusted proxies', () => {
  test('holds addresses and ranges of both families', () => {
    for (const address of ['10.1.2.3', '192.0.2.1', '2001:db8::1']) expect([address, proxies.has(address)]).toEqual([address, true]) // biome-ignore format: one line
    for (const address of ['11.0.0.1', '192.0.2.2', '2001:db9::1', '', 'unknown', '10.0.0.0/8']) expect([address, proxies.has(address)]).toEqual([address, false]) // biome-ignore format: one line
    expect(readProxies('').has('127.0.0.1')).toBe(false)
  })

  test.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/8/8',
    'balancer.example',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/',
    '2001:db8::/129',
  ])('refuses %s', (entry) => {
    expect(() => readProxies(`127.0.0.1,${entry}`)).toThrow(entry)
  })
})

describe('the address of a caller', () => {
  test('of a stranger is the address of the connection, whatever the headers say', () => {
    expect(clientAddress('203.0.113.9', ['198.51.100.1'], proxies)).toBe('203.0.113.9')
    expect(clientAddress('203.0.113.9', ['10.0.0.1'], proxies)).toBe('203.0.113.9')
  })

  test('behind proxies is the last address that no trusted proxy has', () => {
    expect(clientAddress('10.0.0.2', ['198.51.100.7'], proxies)).toBe('198.51.100.7')
    expect(clientAddress('10.0.0.2', ['198.51.100.7, 10.0.0.9'], proxies)).toBe('198.51.100.7')
    expect(clientAddress('10.0.0.2', ['198.51.100.7', '192.0.2.1'], proxies)).toBe('198.51.100.7')
  })

  test('is not what a caller has written in front of it', () => {
    expect(clientAddress('10.0.0.2', ['1.1.1.1, 10.0.0.1, 198.51.100.7'], proxies)).toBe('198.51.100.7')
    expect(clientAddress('10.0.0.2', ['10.0.0.1, 1.1.1.1', '198.51.100.7, 10.0.0.9'], proxies)).toBe('198.51.100.7')
  })

  test.each([
    ['198.51.100.7:4711', '198.51.100.7'],
    ['[2001:db9::7]:4711', '2001:db9::7'],
    ['2001:db9::7', '2001:db9::7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
  ])('is read from %s', (entry, address) => {
    expect(clientAddress('10.0.0.2', [entry], proxies)).toBe(address)
  })

  test.each(['', 'unknown', '_hidden', '198.51.100.7,', '198.51.100.7, unknown'])(
    'that a proxy could not say stays the proxy’s own: %j',
    (value) => {
      expect(clientAddress('10.0.0.2', [value], proxies)).toBe('10.0.0.2')
    },
  )

  test('of the proxy itself is its own', () => {
    expect(clientAddress('10.0.0.2', [], proxies)).toBe('10.0.0.2')
    expect(clientAddress('10.0.0.2', ['10.0.0.3, 10.0.0.4'], proxies)).toBe('10.0.0.3')
  })
})
