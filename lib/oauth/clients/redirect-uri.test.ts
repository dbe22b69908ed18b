import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { times } from '../../../dev/worlds/times.ts'
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
    ['cursor://another.extension/oauth/callback', 'private-use', 'cursor'],
    ['warp://mcp/oauth2callback', 'private-use', 'warp'],
    ['warppreview://mcp/oauth2callback', 'private-use', 'warppreview'],
    ['vscode://saoudrizwan.claude-dev/mcp-auth/callback/9f_8-Ab', 'private-use', 'vscode'],
    ['vscode-insiders://publisher.extension/cb', 'private-use', 'vscode-insiders'],
    ['claude://claude.ai/callback', 'private-use', 'claude'],
    ['goose://oauth', 'private-use', 'goose'],
    ['zed://callback', 'private-use', 'zed'],
    ['my-app.v2://oauth/callback', 'private-use', 'my-app.v2'],
    ['com.example.app:/callback', 'private-use', 'com.example.app'],
    ['com.example.app:/', 'private-use', 'com.example.app'],
    ['com.example.app:///callback', 'private-use', 'com.example.app'],
    ['com.example.app://oauth/callback', 'private-use', 'com.example.app'],
    ['com.googleusercontent.apps.1-a2:/oauth2redirect', 'private-use', 'com.googleusercontent.apps.1-a2'],
  ])('%s', (uri, kind, host) => {
    expect(parseRedirectUri(uri, policy)).toEqual({ kind, uri, host })
  })
})

/** URIs that an attacker would register (B8-4; peers A3, A16). */
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
    'mailto:somebody@example.com',
    // A browser opens these as pages, and the code would go to the owner of the page.
    'googlechromes://evil.example/cb',
    'microsoft-edge-https://evil.example/cb',
    'opera-http://evil.example/cb',
    'firefox://open-url/cb',
    'view-source://evil.example/cb',
    'git+https://evil.example/cb',
    // Schemes of the operating system, and commands that it runs.
    'ms-msdt://x/cb',
    'microsoft.windows.camera://x/cb',
    'search-ms://x/cb',
    'search://x/cb',
    'shell://x/cb',
    'x-apple.systempreferences:/cb',
    'x-anything://x/cb',
    'com.apple.anything:/cb',
    'applescript://com.apple.scripteditor/cb',
    'shortcuts://run-shortcut/cb',
    'intent://x/cb',
    'android-app://com.example.app/cb',
    'itms-services://x/cb',
    'itmss://x/cb',
    'prefs://x/cb',
    // Schemes of browsers, of their extensions and of their pages.
    'web+mcp://x/cb',
    'ext+mcp://x/cb',
    'chrome-extension://abc/cb',
    'moz-extension://abc/cb',
    'safari-web-extension://abc/cb',
    'chrome://settings/cb',
    'edge://settings/cb',
    'jar://x/cb',
    // Registered at IANA for another purpose, now or in the past, and schemes that the HTML standard lets pages handle.
    'coap+tcp://x/cb',
    'iris.beep:/cb',
    'z39.50r://x/cb',
    'gopher://x/cb',
    'prospero://x/cb',
    'ssh://x/cb',
    'sftp://x/cb',
    'magnet://x/cb',
    'bitcoin://x/cb',
    'xmpp://x/cb',
    'webcal://evil.example/cb',
    'smb://evil.example/share',
    'steam://run/1',
    'redis://evil.example/cb',
    'hxxps://evil.example/cb',
    // No host and no reversed domain name, and a drive of Windows.
    'warp:/callback',
    'warp:callback',
    'warp:///callback',
    'com.example.app:callback',
    'com.example.app://',
    'com..example:/callback',
    'c://windows/cb',
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
    'warp://user@mcp/callback',
    'warp://user:password@mcp/callback',
    'warp://mcp:8080/callback',
    'warp://[::1]/callback',
    'warp://%6dcp/callback',
    'warp://mcp,evil/callback',
    // Opens a file, and reaches no extension.
    'vscode://file/etc/passwd',
    'cursor://FILE/etc/passwd',
    'vscode-insiders://vscode-remote/ssh-remote',
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
    'Cursor://anysphere.cursor-mcp/oauth/callback',
    'WARP://mcp/callback',
    'warp://mcp/a/../callback',
    'warp://mcp/%2e%2e/callback',
    'warp://mcp/callback/*',
    'com.example.app:/./callback',
  ],
  fragment: [
    'https://client.example/cb#x',
    'https://client.example/cb#',
    'http://localhost/#',
    `${CURSOR}#`,
    'warp://mcp/cb#x',
  ],
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
    'warp://mcp/c b',
    'warp://mcp\\cb',
    'wa\trp://mcp/cb',
    'warp://mcp/cb\u202e',
  ],
  query: [
    'https://client.example/cb?code=x',
    'https://client.example/cb?from=mcp&state=',
    'http://localhost/cb?iss=https://other.example',
    'http://127.0.0.1:1/cb?%65rror=x',
    `${CURSOR}?x=1`,
    'warp://mcp/callback?',
    'com.example.app:/callback?x=1',
  ],
  length: [`https://client.example/${'x'.repeat(500)}`],
}

describe('refused redirect URIs', () => {
  const rows = Object.entries(refused).flatMap(([reason, uris]) => uris.map((uri) => [uri, reason] as const))
  test.each(rows)('%j (%s) [A-06 A-15 A3 A16 B8-4]', (uri, reason) => {
    // Some strings fail for several reasons. The developer of a client is told the first one.
    const result = parseRedirectUri(uri, policy)
    expect(result).toEqual({ kind: 'refused', reason: uri === '' ? 'characters' : reason })
    expect(matchRedirectUri([uri], uri, policy)).toBeNull()
  })

  test('include a dangerous scheme even if the operator lists it [A-06 A3]', () => {
    const uri = 'javascript:alert(1)'
    expect(parseRedirectUri(uri, { privateUseUris: [uri] })).toEqual({ kind: 'refused', reason: 'scheme' })
  })

  test('do not include a listed redirect URI with a query or with a scheme of another purpose', () => {
    for (const uri of ['raycast://oauth/redirect?package=mcp', 'steam://mcp/callback', 'warp:/callback']) {
      expect(parseRedirectUri(uri, policy).kind).toBe('refused')
      expect(parseRedirectUri(uri, { privateUseUris: [uri] }).kind).toBe('private-use')
    }
  })

  test('include an unlisted app scheme if the operator allows only listed ones [A-06]', () => {
    const listed = { ...policy, listedSchemesOnly: true }
    expect(parseRedirectUri(CURSOR, listed).kind).toBe('private-use')
    for (const uri of [
      'warp://mcp/oauth2callback',
      'cursor://evil/oauth/callback',
      'com.example.app:/cb',
      `${CURSOR}/`,
    ]) {
      expect(parseRedirectUri(uri, listed)).toEqual({ kind: 'refused', reason: 'scheme' })
    }
  })

  describe('a template of the list stands for one last segment', () => {
    const prefix = 'vscode://saoudrizwan.claude-dev/mcp-auth/callback/'
    const listed = { privateUseUris: [`${prefix}*`], listedSchemesOnly: true }
    test.each(['9f86d081', 'A_b-9', '0'])('%s', (segment) => {
      const uri = prefix + segment
      expect(matchRedirectUri([uri], uri, listed)?.uri).toBe(uri)
      expect(matchRedirectUri([uri], `${uri}0`, listed)).toBeNull()
    })
    test.each(['', '*', 'a/b', 'a/', 'a?x=1', 'a.b', '..', 'a%41', 'a#x', '/a', 'a b', 'a:1'])(
      'not for %j',
      (segment) => {
        expect(parseRedirectUri(prefix + segment, listed).kind).toBe('refused')
      },
    )
  })

  describe('an address of this server is refused', () => {
    const own = { ...policy, ownHosts: new Set(['docs.example', 'localhost:8888']) }
    test.each([
      'https://docs.example/cb',
      'https://docs.example',
      'https://docs.example:8443/cb',
      'https://docs.example/oauth/authorize?x=1',
      'https://localhost:8888/cb',
    ])('%s', (uri) => {
      expect(parseRedirectUri(uri, own)).toEqual({ kind: 'refused', reason: 'own host' })
      expect(matchRedirectUri([uri], uri, own)).toBeNull()
      const configured = { ...own, configuredUris: new Set([uri]) }
      expect(matchRedirectUri([uri], uri, configured)?.uri).toBe(uri)
      expect(parseRedirectUri('https://docs.example/other', configured)).toEqual({
        kind: 'refused',
        reason: 'own host',
      })
    })
    test.each([
      'https://docs.example.client.example/cb',
      'https://app.docs.example/cb',
      'https://localhost:8889/cb',
      'http://localhost:8888/cb',
      'warp://docs.example/cb',
    ])('but not %s', (uri) => expect(parseRedirectUri(uri, own).kind).not.toBe('refused'))
  })

  test('every acceptable string is, for a browser too, https, http on a loopback host, or an app scheme [A-06 A3]', () => {
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
      'warp:',
      'com.example.app:',
      CURSOR,
    ]
    const soup = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 3 })), { maxLength: 8 })
    fc.assert(
      fc.property(soup, (pieces) => {
        const raw = pieces.join('')
        const result = parseRedirectUri(raw, policy)
        if (result.kind === 'refused') return
        const { protocol, hostname, port, username, hash, href, search } = new URL(raw)
        expect({ username, hash }).toEqual({ username: '', hash: '' })
        expect([raw, `${raw}/`]).toContain(href)
        if (result.kind === 'private-use') {
          // The pieces may also join to a reverse-domain scheme, such as `evil.examplejavascript`, which is an app's own.
          expect(protocol).toMatch(/(?:warp|cursor|com\.example\.app|[a-z0-9+-]\.[a-z0-9+.-]+):$/)
          expect({ port, search }).toEqual({ port: '', search: '' })
          return
        }
        expect(protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)).toBe(true)
      }),
      { numRuns: times(400, 2_000) },
    )
  })
})

describe('matching a request with the registered redirect URIs', () => {
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
    ['warp://mcp/cb', 'warp://mcp/cb/', 'another path of an app'],
    ['warp://mcp/cb', 'warp://mcp/CB', 'another case'],
    ['warp://mcp/cb', 'warp://MCP/cb', 'another case of its host'],
    ['warp://mcp/cb', 'warppreview://mcp/cb', 'another app'],
    ['warp://mcp/cb', 'warp://mcp/%63b', 'percent-encoding'],
    ['warp://mcp/cb', 'warp://mcp/cb?x', 'an additional query'],
    ['com.example.app:/cb', 'com.example.app:///cb', 'another spelling of no host'],
  ])('%s does not admit %s: %s [A-05 A16 B8-4]', (registered, requested) => {
    expect(match(registered, requested)).toBeNull()
  })

  test('a redirect URI that was registered under a laxer policy is no longer accepted [A-06]', () => {
    expect(matchRedirectUri([CURSOR], CURSOR, { privateUseUris: [], listedSchemesOnly: true })).toBeNull()
    expect(match('http://client.example/cb', 'http://client.example/cb')).toBeNull()
  })

  test('a registered redirect URI admits other ports only if it is usable itself, including its port [A-05 A-06]', () => {
    for (const port of [':99999', ':65536', ':080', ':80', ':']) {
      expect(match(`http://localhost${port}/cb`, 'http://localhost:1/cb'), port).toBeNull()
    }
  })

  test('redirect_uri may be left out only if exactly one is possible [A-05]', () => {
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
