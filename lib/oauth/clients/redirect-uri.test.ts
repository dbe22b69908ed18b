import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultPrivateUseUris, matchRedirectUri, parseRedirectUri } from './redirect-uri.ts'

const policy = { privateUseUris: defaultPrivateUseUris }
const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback'

describe('redirect URIs of real clients are acceptable', () => {
  test.each([
    ['https://claude.ai/api/mcp/auth_callback', 'https', 'claude.ai'],
    ['https://chatgpt.com/connector/oauth/IbUR3zxyNQ16', 'https', 'chatgpt.com'],
    ['https://vscode.dev/redirect', 'https', 'vscode.dev'],
    ['https://grok.com/connectors-oauth-exchange-code/', 'https', 'grok.com'],
    ['https://docs.example:8443/callback?from=mcp', 'https', 'docs.example:8443'],
    ['https://192.0.2.7/callback', 'https', '192.0.2.7'],
    ['http://localhost/callback', 'loopback', 'localhost'],
    ['http://localhost:3118/callback', 'loopback', 'localhost:3118'],
    ['http://127.0.0.1:33418', 'loopback', '127.0.0.1:33418'],
    ['http://127.0.0.1/', 'loopback', '127.0.0.1'],
    ['http://[::1]:8080/cb', 'loopback', '[::1]:8080'],
    [CURSOR, 'private-use', 'cursor'],
  ])('%s', (uri, kind, host) => {
    expect(parseRedirectUri(uri, policy)).toEqual({ kind, uri, host })
  })
})

/** What an attacker would register (B8-4; peers A3, A16). */
const refused = {
  scheme: [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://x/y',
    'ftp://localhost/cb',
    'ws://localhost/cb',
    'cursor://evil/oauth/callback',
    `${CURSOR}/`,
    `${CURSOR}?x=1`,
    'Cursor://anysphere.cursor-mcp/oauth/callback',
    'claude://claude.ai/callback',
    'com.example.app:/callback',
  ],
  host: [
    'http://client.example/cb',
    'http://10.0.0.1/cb',
    'http://0.0.0.0/cb',
    'http://127.0.0.2/cb',
    'http://localhost.evil.example/cb',
    'http://127.0.0.1.nip.io/cb',
    'http://localhost./cb',
    'http://[::ffff:7f00:1]/cb',
    'https://0.0.0.0/cb',
    'https://[::]/cb',
    'https://client.example./cb',
    'https://*.client.example/cb',
    'https://user@client.example/cb',
    'https://user:password@client.example/cb',
    'https://localhost:1@evil.example/cb',
    'http://localhost@evil.example/cb',
  ],
  spelling: [
    '',
    'callback',
    '//client.example/cb',
    'https:client.example/cb',
    'https:/client.example/cb',
    'https:///client.example/cb',
    'https://',
    'HTTPS://client.example/cb',
    'https://CLIENT.example/cb',
    'https://client.example:443/cb',
    'http://localhost:80/cb',
    'http://localhost:/cb',
    'https://client.example/cb/../evil',
    'https://client.example/cb/%2e%2e/evil',
    'https://client.example/cb/%2E./evil',
    'https://@client.example/cb',
    'https://client.example?x',
    'http://0x7f.1/cb',
    'http://2130706433/cb',
    'http://127.1/cb',
    'http://0177.0.0.1/cb',
    'http://[0:0:0:0:0:0:0:1]/cb',
    'https://%63lient.example/cb',
  ],
  fragment: ['https://client.example/cb#x', 'https://client.example/cb#', 'http://localhost/#', `${CURSOR}#`],
  characters: [
    ' https://client.example/cb',
    'https://client.example/cb ',
    'https://client.example/c b',
    '\tjavascript:alert(1)',
    'java\nscript:alert(1)',
    '\u0000https://client.example/cb',
    'https://client.example\\@evil.example/cb',
    'https://client.example\r\nLocation:x',
    'https://cliént.example/cb',
    'https://client.example/cb\u202e',
    'https://client。example/cb',
    'https://client.example/"onload=x',
    'https://client.example/<script>',
  ],
  query: [
    'https://client.example/cb?code=x',
    'https://client.example/cb?from=mcp&state=',
    'http://localhost/cb?iss=https://other.example',
    'http://127.0.0.1:1/cb?%65rror=x',
  ],
  length: [`https://client.example/${'x'.repeat(500)}`],
}

describe('what no browser is ever sent to', () => {
  const rows = Object.entries(refused).flatMap(([reason, uris]) => uris.map((uri) => [uri, reason] as const))
  test.each(rows)('%j (%s) [A-06 A-15 A3 A16 B8-4]', (uri, reason) => {
    // An empty string and others fail on more than one count: the reason is what a client developer is told first.
    const result = parseRedirectUri(uri, policy)
    expect(result).toEqual({ kind: 'refused', reason: uri === '' ? 'characters' : reason })
    expect(matchRedirectUri([uri], uri, policy)).toBeNull()
  })

  test('a dangerous scheme, not even when the operator lists it [A-06 A3]', () => {
    const uri = 'javascript:alert(1)'
    expect(parseRedirectUri(uri, { privateUseUris: [uri] })).toEqual({ kind: 'refused', reason: 'scheme' })
  })

  test('whatever string is acceptable is https, http on a loopback host, or listed, to a browser too [A-06 A3]', () => {
    const parts = [
      'https:',
      'http:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '#',
      '?',
      '.',
      '..',
      '%2e',
      'localhost',
      '127.0.0.1',
      '[::1]',
      'evil.example',
      '443',
      '80',
      ' ',
      '\t',
      '\u202e',
      'javascript:',
      CURSOR,
    ]
    const soup = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 3 })), { maxLength: 8 })
    fc.assert(
      fc.property(soup, (pieces) => {
        const raw = pieces.join('')
        const result = parseRedirectUri(raw, policy)
        if (result.kind === 'refused' || raw === CURSOR) return
        const { protocol, hostname, username, hash, href } = new URL(raw)
        expect({ username, hash }).toEqual({ username: '', hash: '' })
        expect([raw, `${raw}/`]).toContain(href)
        expect(protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('matching a request with what is registered', () => {
  const match = (registered: string | string[], requested?: string) =>
    matchRedirectUri([registered].flat(), requested, policy)?.uri ?? null

  test.each([
    ['http://localhost/callback', 'http://localhost:52163/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:52163/callback'],
    ['http://[::1]/callback', 'http://[::1]:52163/callback'],
    ['http://localhost:3118/callback', 'http://localhost:40000/callback'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1/'],
    ['http://localhost:1/cb?x=1', 'http://localhost:2/cb?x=1'],
    ['https://claude.ai/api/mcp/auth_callback', 'https://claude.ai/api/mcp/auth_callback'],
    [CURSOR, CURSOR],
  ])('%s admits %s [A-05 M-10 B8-4]', (registered, requested) => {
    expect(match(registered, requested)).toBe(requested)
  })

  test.each([
    ['http://localhost/callback', 'http://127.0.0.1:1/callback', 'another loopback host'],
    ['http://127.0.0.1/callback', 'http://[::1]:1/callback', 'another loopback host'],
    ['http://localhost/callback', 'http://localhost:1/callback/', 'another path'],
    ['http://localhost/callback', 'http://localhost:1/Callback', 'another case'],
    ['http://localhost/callback', 'http://localhost:1/callback?x=1', 'an additional query'],
    ['http://localhost/cb?x=1', 'http://localhost:1/cb?x=2', 'another query'],
    ['http://localhost:1', 'http://localhost:2/', 'an additional slash'],
    ['http://localhost/callback', 'https://localhost/callback', 'another scheme'],
    ['http://localhost/callback', 'http://localhost:1@evil.example/callback', 'userinfo'],
    ['http://localhost/callback', 'http://localhost:1/x/../callback', 'dot segments'],
    ['http://localhost/callback', 'http://localhost:1/%63allback', 'percent-encoding'],
    ['https://client.example/cb', 'https://client.example:8443/cb', 'a port on another host'],
    ['https://client.example/cb', 'https://client.example/cb/', 'another path'],
    ['https://client.example/cb', 'https://client.example/cb?x', 'an additional query'],
    ['https://client.example/cb', 'https://client.example.evil.example/cb', 'another host'],
    ['https://client.example/', 'https://client.example', 'a missing slash'],
  ])('%s does not admit %s: %s [A-05 A16 B8-4]', (registered, requested) => {
    expect(match(registered, requested)).toBeNull()
  })

  test('what was registered under a laxer policy is not honoured any more [A-06]', () => {
    expect(matchRedirectUri([CURSOR], CURSOR, { privateUseUris: [] })).toBeNull()
    expect(match('http://client.example/cb', 'http://client.example/cb')).toBeNull()
  })

  test('what was registered has to be usable itself, its port as well, to admit other ports [A-05 A-06]', () => {
    for (const port of [':99999', ':65536', ':080', ':80', ':']) {
      expect(match(`http://localhost${port}/cb`, 'http://localhost:1/cb'), port).toBeNull()
    }
  })

  test('redirect_uri may be left out only when there is one answer [A-05]', () => {
    expect(match('https://client.example/cb')).toBe('https://client.example/cb')
    expect(match('http://localhost:3118/callback')).toBe('http://localhost:3118/callback')
    expect(match(CURSOR)).toBe(CURSOR)
    expect(match('http://localhost/callback')).toBeNull()
    expect(match('http://[::1]/callback')).toBeNull()
    expect(match(['https://client.example/a', 'https://client.example/b'])).toBeNull()
    expect(match([])).toBeNull()
    expect(match('https://client.example/cb', '')).toBeNull()
  })
})
