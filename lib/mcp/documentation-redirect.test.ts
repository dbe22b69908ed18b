import { describe, expect, test } from 'vitest'
import { redirectToDocumentation } from './documentation-redirect.ts'

const documentation = 'https://docs.example.com/how-to-use-these-docs'
const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

const open = (headers: Readonly<Record<string, string>>, method = 'GET') =>
  redirectToDocumentation(new Request('https://docs.example.com/mcp', { method, headers }), documentation)

describe('is led to the documentation', () => {
  test.each([
    ['a browser', { accept: browserAccept, 'sec-fetch-mode': 'navigate' }],
    ['a browser that says nothing of how it came here', { accept: browserAccept }],
    ['who reads Markdown', { accept: 'text/markdown' }],
    ['who reads Markdown, and takes pages otherwise', { accept: 'text/markdown, text/html;q=0.9' }],
    ['who reads text', { accept: 'TEXT/PLAIN; charset=utf-8' }],
  ])('%s', (_who, headers) => {
    for (const method of ['GET', 'HEAD']) {
      const response = open(headers, method)
      expect([response?.status, response?.headers.get('location')]).toEqual([302, documentation])
      expect(response?.headers.get('vary')).toBe('Accept, Authorization, Origin, Sec-Fetch-Mode')
    }
  })
})

describe('goes on to the challenge [S-11]', () => {
  test.each([
    ['a client that opens a stream', { accept: 'text/event-stream' }],
    ['a client that takes both', { accept: 'application/json, text/event-stream' }],
    ['a client that takes pages and a stream', { accept: 'text/html, text/event-stream' }],
    ['a program that takes anything', { accept: '*/*' }],
    ['a program that says nothing', {}],
    ['a program that takes JSON first', { accept: 'application/json, text/plain, */*' }],
    ['a client that names its protocol', { accept: 'text/html', 'mcp-protocol-version': '2025-06-18' }],
    ['a client with a session', { accept: 'text/html', 'mcp-session-id': 'x' }],
    ['whoever brings credentials', { accept: browserAccept, authorization: 'Bearer x' }],
    ['a script of a page', { accept: browserAccept, 'sec-fetch-mode': 'cors' }],
    ['a script of another page', { accept: browserAccept, origin: 'https://inspector.example' }],
  ])('%s', (_who, headers) => {
    expect(open(headers)).toBeUndefined()
  })

  test.each(['POST', 'DELETE', 'PUT'])('%s, whatever it accepts', (method) => {
    expect(open({ accept: browserAccept }, method)).toBeUndefined()
  })
})
