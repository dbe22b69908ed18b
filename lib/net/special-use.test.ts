import { expect, test } from 'vitest'
import { isLocalName, isLoopback, isPubliclyRoutable } from './special-use.ts'

const publicAddresses = [
  '1.1.1.1',
  '8.8.8.8',
  '160.79.104.10',
  '172.32.0.1',
  '2606:4700::1111',
  '2a00:1450:4001:80b::200e',
]

/** Every block of the RFC 6890 registries that is not public, and every spelling that could disguise one (A17). */
const specialUse = {
  'this network': ['0.0.0.0', '0.1.2.3'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456:789a::1'],
  'link-local and cloud metadata': ['169.254.169.254', 'fe80::1', 'febf::1', 'fd00:ec2::254'],
  'site-local': ['fec0::1'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  'IETF protocol assignments': ['192.0.0.1', '192.0.0.170', '2001::1', '2001:1ff::1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  benchmarking: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  reserved: ['240.0.0.1', '255.255.255.255', '::', '100::1', '5f00::1', '4000::1', 'e000::1'],
  '6to4 relays': ['192.88.99.1'],
  'IPv4-mapped': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '0:0:0:0:0:ffff:a9fe:a9fe'],
  'IPv4-compatible': ['::127.0.0.1', '::7f00:1', '::8.8.8.8'],
  'IPv4-translated': ['::ffff:0:127.0.0.1'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '64:ff9b::8.8.8.8'],
  '6to4': ['2002:7f00:1::', '2002:a9fe:a9fe::1'],
  Teredo: ['2001:0:53aa:64c:0:fffe:80ff:fffe'],
  ISATAP: ['2a00:1450::5efe:10.0.0.1', '2a00:1450::200:5efe:7f00:1'],
  ORCHID: ['2001:10::1', '2001:20::1'],
  'zone index': ['fe80::1%eth0', '2606:4700::1111%1'],
  'unusual spellings': [
    '',
    'localhost',
    '2130706433',
    '0x7f.1',
    '134744072',
    '0x8.8.8.8',
    '010.8.8.8',
    '8.8.2056',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '1.1.1.1/32',
    ' 1.1.1.1',
  ],
}

test.each(publicAddresses)('%s is on the public internet', (address) => {
  expect(isPubliclyRoutable(address)).toBe(true)
})

test.each(Object.entries(specialUse).flatMap(([kind, list]) => list.map((address) => [kind, address] as const)))(
  '%s: %s is not on the public internet [M-05 A17 B8-9]',
  (_kind, address) => {
    expect(isPubliclyRoutable(address)).toBe(false)
  },
)

test('loopback is 127.0.0.0/8 and ::1 in their usual spelling', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1'].every(isLoopback)).toBe(true)
  expect(['::ffff:127.0.0.1', '10.0.0.1', '0.0.0.0', '8.8.8.8', 'localhost'].some(isLoopback)).toBe(false)
})

test('names of a local network are recognized in every spelling that `URL` accepts [M-05 A17 B8-9]', () => {
  const local = [
    'localhost',
    'localhost.',
    'a.localhost',
    'printer.local',
    'db.internal',
    'metadata.google.internal',
    'nas.home.arpa',
  ]
  expect(local.filter((name) => !isLocalName(name))).toEqual([])
  expect(['intranet', 'example.com.', 'x.internal.', '.com', ''].filter((name) => !isLocalName(name))).toEqual([])
  expect(['claude.ai', 'local.example', 'xn--bcher-kva.example', 'notlocalhost.com'].filter(isLocalName)).toEqual([])
})
