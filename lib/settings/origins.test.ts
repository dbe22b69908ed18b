import { expect, test } from 'vitest'
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
