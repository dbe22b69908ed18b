import { describe, expect, test } from 'vitest'
import { createSettingsReader } from './reader.ts'
import { table } from './table.ts'

/** Returns the origins in `MCP_ALLOWED_ORIGINS`. */
function read(value: string) {
  const settings = createSettingsReader({ MCP_ALLOWED_ORIGINS: value }, table)
  const origins = settings.read('MCP_ALLOWED_ORIGINS')
  return { origins, problems: settings.problems.map(({ text }) => text) }
}

test.each([
  ['https://chat.example.com', 'https://chat.example.com'],
  ['https://chat.example.com/', 'https://chat.example.com'],
  ['HTTPS://Chat.Example.COM', 'https://chat.example.com'],
  ['https://chat.example.com:443', 'https://chat.example.com'],
  ['https://chat.example.com:8443/', 'https://chat.example.com:8443'],
  ['http://intranet:80', 'http://intranet'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['tauri://localhost', 'tauri://localhost'],
  ['Tauri://LOCALHOST/', 'tauri://localhost'],
  ['vscode-webview://0abC9', 'vscode-webview://0abc9'],
  ['app://obsidian.md', 'app://obsidian.md'],
  ['app://-', 'app://-'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
  ['HTTPS://*', 'https://*'],
])('%s is the origin %s, as browsers spell it [F-004-13]', (value, origin) => {
  expect(read(value)).toEqual({ origins: [origin], problems: [] })
})

test('a list keeps its good entries, and its wrong entries are reported by position and not repeated [F-004-13 O-10]', () => {
  const { origins, problems } = read('https://a.example/, null, tauri://localhost, https://b.example/path')
  expect(origins).toEqual(['https://a.example', 'tauri://localhost'])
  expect(problems).toEqual([
    expect.stringMatching(/^MCP_ALLOWED_ORIGINS: value 2 must be an origin/),
    expect.stringMatching(/^MCP_ALLOWED_ORIGINS: value 4 must be an origin/),
  ])
  expect(problems.join()).not.toContain('b.example')
})

/** Every setting that holds origins or hosts, and how it spells the same place. */
const settingsWithOrigins = [
  ['MCP_ALLOWED_ORIGINS', ['https://docs.example']],
  ['MCP_SESSION_ORIGINS', ['https://docs.example']],
  ['MCP_OAUTH_CIMD_LOCAL_ORIGINS', ['https://docs.example']],
  ['MCP_ACCOUNT_ORIGIN', 'https://docs.example'],
  ['MCP_OAUTH_PROXY_HOSTS', ['docs.example']],
] as const

describe.each(settingsWithOrigins)('%s [F-004-13]', (name, spelled) => {
  const readOne = (value: string) => {
    const settings = createSettingsReader({ [name]: value }, table)
    return { value: settings.read(name), problems: settings.problems.length }
  }

  test.each(['https://docs.example', 'https://docs.example/', 'HTTPS://Docs.Example:443/'])(
    '%s is spelled as browsers spell it',
    (value) => expect(readOne(value)).toEqual({ value: spelled, problems: 0 }),
  )

  test.each([
    'https://docs.example/x',
    'https://docs.example//',
    'https://docs.example/?',
    'https://docs.example?x=1',
    'https://docs.example/#',
    'https://docs.example#x',
    'https://ada:secret@docs.example',
    'https://@docs.example',
    'https://*.docs.example',
    'https://docs.example:99999',
    'https://docs.example\\@other.example',
    'https:docs.example',
    '//docs.example',
    'null',
    'file:///etc/passwd',
    'javascript://docs.example/',
  ])('%s is refused', (value) => {
    const { value: read, problems } = readOne(value)
    // A host may be written without a scheme.
    if (name === 'MCP_OAUTH_PROXY_HOSTS' && value === 'null') return
    expect([read ?? [], problems]).toEqual([[], 1])
  })
})
