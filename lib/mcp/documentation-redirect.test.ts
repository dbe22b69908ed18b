import { describe, expect, test } from 'vitest'
import { redirectToDocumentation } from './documentation-redirect.ts'

const documentation = 'https://docs.example.com/how-to-use-these-docs'
const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

const open = (headers: Readonly<Record<string, string>>, method = 'GET') =>
  redirectToDocumentation(new Request('https://docs.example.com/mcp', { method, headers }), documentation)

describe('is redirected to the documentation:', () => {
  test.each([
    ['a browser', { accept: browserAccept, 'sec-fetch-mode': 'navigate' }],
    ['a browser without Fetch Metadata', { accept: browserAccept }],
    ['a program that reads Markdown', { accept: 'text/markdown' }],
    ['a program that prefers Markdown to HTML', { accept: 'text/markdown, text/html;q=0.9' }],
    ['a program that reads plain text', { accept: 'TEXT/PLAIN; charset=utf-8' }],
  ])('%s', (_who, headers) => {
    for (const method of ['GET', 'HEAD']) {
      const response = open(headers, method)
      expect([response?.status, response?.headers.get('location')]).toEqual([302, documentation])
      expect(response?.headers.get('vary')).toBe('Accept, Authorization, Origin, Sec-Fetch-Mode')
    }
  })
})

describe('gets the challenge [S-11]:', () => {
  test.each([
    ['a client that opens a stream', { accept: 'text/event-stream' }],
    ['a client that accepts JSON and a stream', { accept: 'application/json, text/event-stream' }],
    ['a client that accepts pages and a stream', { accept: 'text/html, text/event-stream' }],
    ['a program that accepts anything', { accept: '*/*' }],
    ['a program without an Accept header', {}],
    ['a program that lists JSON first', { accept: 'application/json, text/plain, */*' }],
    ['a client that names its protocol', { accept: 'text/html', 'mcp-protocol-version': '2025-06-18' }],
    ['a client with a session', { accept: 'text/html', 'mcp-session-id': 'x' }],
    ['a client that sends credentials', { accept: browserAccept, authorization: 'Bearer x' }],
    ['a script of a page', { accept: browserAccept, 'sec-fetch-mode': 'cors' }],
    ['a script of another page', { accept: browserAccept, origin: 'https://inspector.example' }],
  ])('%s', (_who, headers) => {
    expect(open(headers)).toBeUndefined()
  })

  test.each(['POST', 'DELETE', 'PUT'])('%s, whatever it accepts', (method) => {
    expect(open({ accept: browserAccept }, method)).toBeUndefined()
  })
})
