import assert from 'node:assert/strict'
import fc from 'fast-check'
import { defaultPrivateUseUris, matchRedirectUri, parseRedirectUri } from '../../lib/oauth/clients/redirect-uri.ts'
import { hostileText } from './hostile.ts'
import { property } from './property.ts'

const policy = { privateUseUris: defaultPrivateUseUris }
const loopback = ['localhost', '127.0.0.1', '[::1]']

/** A URI by RFC 3986 Appendix B, which repairs nothing, unlike a browser. */
function splitUri(uri: string) {
  const [, , scheme, , authority, path, query, , fragment] =
    /^(([^:/?#]+):)?(\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#(.*))?$/s.exec(uri) ?? []
  return { scheme, authority, path, query, fragment }
}

/** Whether `requested` is `registered`, except for the port of a loopback host. It uses no code of the product. */
export function isSamePlace(registered: string, requested: string): boolean {
  if (registered === requested) return true
  const [a, b] = [splitUri(registered), splitUri(requested)]
  const onlyPortsDiffer = loopback.some((host) => [a, b].every(({ authority = '' }) => isHostWithPort(authority, host)))
  return onlyPortsDiffer && [a, b].every(({ scheme }) => scheme === 'http') && a.path === b.path && a.query === b.query
}

const isHostWithPort = (authority: string, host: string) =>
  authority === host || (authority.startsWith(`${host}:`) && /^\d+$/.test(authority.slice(host.length + 1)))

const part = {
  scheme: fc.constantFrom(
    'https',
    'http',
    'HTTP',
    'cursor',
    'warp',
    'com.example.app',
    'ms-settings',
    'javascript',
    'data',
    'file',
    'ws',
    'https:https',
    '',
  ),
  slashes: fc.constantFrom('//', '//', '//', '//', '/', '///', '\\\\', '/\\', ''),
  user: fc.constantFrom('', '', '', '', '@', 'user@', 'user:pw@', 'localhost:80@', 'client.example\\@'),
  host: fc.constantFrom(
    ...loopback,
    ...loopback,
    'client.example',
    'client.example',
    'Client.example',
    'client.example.',
    'client.example.evil.example',
    'evil.example',
    '127.0.0.2',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '[::ffff:127.0.0.1]',
    'localhost.evil.example',
    'localhost.',
    '%6cocalhost',
    'anysphere.cursor-mcp',
    'file',
    '',
  ),
  port: fc.constantFrom(
    '',
    '',
    ':1',
    ':80',
    ':443',
    ':8080',
    ':65535',
    ':65536',
    ':',
    ':-1',
    ':08080',
    ':1e3',
    ':80@evil.example',
  ),
  path: fc.constantFrom(
    '/cb',
    '/cb',
    '/cb/',
    '/CB',
    '/',
    '',
    '/oauth/callback',
    '/cb/../evil',
    '/%63b',
    '/cb;x',
    '/cb%00',
    '//cb',
    '\\cb',
    '/cb\t',
  ),
  query: fc.constantFrom('', '', '', '?', '?x=1', '?x=1&y=2', '?x=2', '?code=theirs', '?next=https://evil.example/'),
  fragment: fc.constantFrom('', '', '', '', '', '#', '#x'),
}
type Parts = { readonly [Name in keyof typeof part]: string }
const parts: fc.Arbitrary<Parts> = fc.record(part)
const joined = (p: Parts) =>
  p.scheme + (p.scheme && ':') + p.slashes + p.user + p.host + p.port + p.path + p.query + p.fragment

const decent = {
  scheme: fc.constantFrom('https', 'http', 'http'),
  slashes: fc.constant('//'),
  user: fc.constant(''),
  host: fc.constantFrom(...loopback, 'client.example'),
  port: fc.constantFrom('', ':1', ':8080', ':65535'),
  path: fc.constantFrom('/cb', '/cb/', '/', '', '/oauth/callback', '/cb;x', '//cb'),
  query: fc.constantFrom('', '', '?', '?x=1'),
  fragment: fc.constant(''),
}

const decentOfApp = {
  ...decent,
  scheme: fc.constantFrom('warp', 'cursor', 'com.example.app'),
  slashes: fc.constantFrom('//', '//', '/', '///'),
  host: fc.constantFrom('mcp', 'anysphere.cursor-mcp', ''),
  port: fc.constant(''),
  query: fc.constant(''),
}

/** A URI that is usually acceptable, and another that is equal to it or differs in a part or a character. */
const pair = fc
  .record({
    base: fc.oneof(
      { weight: 3, arbitrary: fc.record(decent) },
      { weight: 1, arbitrary: fc.record(decentOfApp) },
      { weight: 1, arbitrary: parts },
    ),
    other: fc.oneof(fc.record(decent), fc.record(decentOfApp), parts),
    differ: fc.subarray(Object.keys(part), { maxLength: 2 }),
    insert: fc.oneof(
      fc.constant(null),
      fc.tuple(fc.nat(60), fc.oneof(fc.constantFrom(...'/\\@:#?.%\t\n \u0000\u202e'), hostileText)),
    ),
    alsoRegistered: fc.array(parts.map(joined), { maxLength: 2 }),
  })
  .map(({ base, other, differ, insert, alsoRegistered }) => {
    const changed = Object.fromEntries(Object.entries(other).filter(([name]) => differ.includes(name)))
    const registered = joined(base)
    const text = joined({ ...base, ...changed })
    const requested = insert === null ? text : text.slice(0, insert[0]) + insert[1] + text.slice(insert[0])
    return { registered: [registered, ...alsoRegistered], requested }
  })

const answer = new URLSearchParams({ code: 'c', state: 's', iss: 'https://docs.example' })

export const redirectsOnlyToWhatIsRegistered = property({
  name: 'redirect URIs: a URI that matches is the registered one, to a browser too',
  cases: 10_000,
  values: pair,
  holds({ registered, requested }) {
    const match = matchRedirectUri(registered, requested, policy)
    if (match === null) return
    assert.equal(match.uri, requested)
    const place = registered.find((uri) => isSamePlace(uri, requested))
    assert(place, 'matches a URI that is not registered')
    // The URL that the browser opens.
    const [target, home] = [new URL(`${match.uri}${match.uri.includes('?') ? '&' : '?'}${answer}`), new URL(place)]
    assert.deepEqual([target.protocol, target.hostname, target.pathname], [home.protocol, home.hostname, home.pathname])
    assert.deepEqual([target.username, target.password, target.hash], ['', '', ''])
    assert(target.port === home.port || (target.protocol === 'http:' && loopback.includes(target.hostname)))
    const app = /^(?:warp|cursor|com\.example\.app):$/.test(target.protocol)
    assert(app || ['https:', 'http:'].includes(target.protocol))
    if (app) {
      // RFC 3986 Appendix B: only a scheme, a host if there is one, and a path, byte for byte as registered.
      assert.equal(requested, place)
      const { authority, path, query } = splitUri(requested)
      assert.equal(query, undefined)
      assert(authority ? /^[a-zA-Z0-9._-]+$/.test(authority) : target.protocol === 'com.example.app:' && path !== '')
      assert(!(authority === 'file' && target.protocol === 'cursor:'))
    }
    assert(target.protocol !== 'http:' || loopback.includes(target.hostname))
    assert.deepEqual([...target.searchParams], [...home.searchParams, ...answer])
  },
})

export const registeredUrisMatchThemselves = property({
  name: 'redirect URIs: every URI that can be registered matches itself, and on loopback with any port',
  cases: 3_000,
  values: fc.record({ uri: pair.map(({ registered: [uri = ''] }) => uri), port: fc.integer({ min: 81, max: 65_535 }) }),
  holds({ uri, port }) {
    const parsed = parseRedirectUri(uri, policy)
    if (parsed.kind === 'refused') return
    assert.equal(matchRedirectUri([uri], uri, policy)?.uri, uri)
    const { authority = '' } = splitUri(uri)
    const host = loopback.find((each) => isHostWithPort(authority, each))
    assert.equal(parsed.kind === 'loopback', uri.startsWith('http://') && host !== undefined)
    if (parsed.kind !== 'loopback') return
    const elsewhere = uri.replace(`//${authority}`, `//${host}:${port}`)
    assert.equal(matchRedirectUri([uri], elsewhere, policy)?.uri, elsewhere)
  },
})
