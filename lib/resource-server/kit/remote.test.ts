import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listening, listenOnLoopback, pathOf } from '../../../dev/stand-in.ts'
import { isSecureUrl, requestJson } from './remote.ts'

let listening: Listening
beforeAll(async () => {
  listening = await listenOnLoopback(0, (request, response) => {
    const path = pathOf(request)
    if (path === '/redirect') response.writeHead(302, { location: '/good' }).end('{"keys":[]}')
    else if (path === '/long') response.end(`{"a":"${'x'.repeat(600_000)}"}`)
    else if (path === '/page') response.end('<html></html>')
    else if (path === '/list') response.end('[]')
    else response.end('{"keys":[]}')
  })
})
afterAll(() => listening?.stop())

test.each([
  ['/good', { kind: 'json', body: { keys: [] } }],
  // Neither the address that it names nor its own body counts.
  ['/redirect', { kind: 'status', status: 302 }],
  ['/long', { kind: 'failed', reason: 'its answer is too long' }],
  ['/page', { kind: 'failed', reason: 'its answer is no JSON object' }],
  ['/list', { kind: 'failed', reason: 'its answer is no JSON object' }],
])('the answer of an authorization server at %s', async (path, expected) => {
  expect(await requestJson(fetch, `http://localhost:${listening.port}${path}`)).toEqual(expected)
})

test.each([
  ['https://login.example', true],
  ['http://localhost:3000/a', true],
  ['http://127.0.0.1', true],
  ['http://[::1]:1', true],
  ['http://login.example', false],
  ['http://localhost.evil.example', false],
  ['http://127.0.0.1.evil.example', false],
  ['https://user:secret@login.example', false],
  ['https://login.example/#a', false],
  ['ftp://localhost', false],
  ['login.example', false],
  [undefined, false],
])('%s: whether it may be requested is %s', (url, expected) => {
  expect(isSecureUrl(url)).toBe(expected)
})
