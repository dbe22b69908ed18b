import { describe, expect, test } from 'vitest'
import { isTrustedEntry } from './trusted-entry.ts'
import { isTrustedRedirect } from './trusted-redirect.ts'

describe('a redirect URI is trusted [A-17]', () => {
  const entries = new Set([
    ...['all.example', 'port.example:8443', 'one.example/callback', 'many.example/callbacks/'],
    ...['https://exact.example', 'https://exact.example/folder/', 'https://exact.example/cb?tenant=1'],
  ])

  test.each([
    'https://all.example/',
    'https://all.example/anything?at=all',
    'https://port.example:8443/cb',
    'https://one.example/callback',
    'https://many.example/callbacks/',
    'https://many.example/callbacks/4711/cb',
    'https://exact.example',
    'https://exact.example/folder/',
    'https://exact.example/cb?tenant=1',
  ])('%s', (uri) => expect(isTrustedRedirect(uri, entries)).toBe(true))

  test.each([
    'https://evil-all.example/',
    'https://all.example.evil.example/',
    'https://sub.all.example/',
    'https://all.example:8443/',
    'https://port.example/cb',
    'https://one.example/',
    'https://one.example/callback/',
    'https://one.example/callback/more',
    'https://one.example/callbacks',
    'https://one.example/callback?next=https://evil.example',
    'https://one.example/callback?',
    'https://one.example/open-redirect',
    'https://one.example:444/callback',
    'https://many.example/callbacks',
    'https://many.example/callbacks/%2e%2e%2fredirect',
    'https://many.example/callbacks/..%5credirect',
    'https://many.example/callbacks/x?next=https://evil.example',
    'https://evil-many.example/callbacks/x',
    'https://many.example/callbacks/..;/redirect',
    'https://many.example/callbacks//evil.example',
    'https://exact.example/',
    'https://exact.example/folder/below',
    'https://exact.example/cb?tenant=2',
    'https://exact.example/cb',
  ])('not %s', (uri) => expect(isTrustedRedirect(uri, entries)).toBe(false))
})

test.each([
  ['claude.ai', true],
  ['localhost:9443', true],
  ['claude.ai/api/mcp/auth_callback', true],
  ['chatgpt.com/connector/oauth/', true],
  ['https://claude.ai', false],
  ['*.claude.ai', false],
  ['Claude.ai', false],
  ['claude.ai/a/../b', false],
  ['claude.ai/a?b', false],
  ['claude.ai/a#b', false],
  ['user@claude.ai/a', false],
  ['/callback', false],
])('the entry %s is usable: %s', (entry, usable) => expect(isTrustedEntry(entry)).toBe(usable))
