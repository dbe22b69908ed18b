import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arriveAt } from './arrival.ts'
import { readProxies } from './proxies.ts'

const state = { leaving: false, trusted: '127.0.0.1', issuer: 'https://docs.example' }
const server = createServer((incoming, response) => {
  const { issuer, leaving, trusted } = state
  const arrival = arriveAt(incoming, { issuer, proxies: readProxies(trusted), isLeaving: () => leaving })
  response.end(JSON.stringify(arrival))
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => server.close())

async function arrive(path: string, headers: Record<string, string>, method = 'GET', now: Partial<typeof state> = {}) {
  const before = { ...state }
  Object.assign(state, now)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end()
  const [incoming] = await once(outgoing, 'response')
  let text = ''
  for await (const chunk of incoming) text += chunk
  Object.assign(state, before)
  return JSON.parse(text)
}

const host = 'docs.example'

describe('a request at a container', () => {
  test('has the scheme of the issuer and the address that the trusted proxy saw', async () => {
    const headers = { host, 'x-forwarded-for': '1.1.1.1, 198.51.100.7', 'x-forwarded-proto': 'https' }
    expect(await arrive('/mcp?a=1', headers)).toEqual({ url: 'https://docs.example/mcp?a=1', address: '198.51.100.7' })
  })

  test('without a trusted proxy has the address of the connection, whatever its headers say', async () => {
    const headers = { host, 'x-forwarded-for': '198.51.100.7', 'x-forwarded-host': 'evil.example', forwarded: 'for=1.1.1.1;host=evil.example' } // biome-ignore format: one line
    expect(await arrive('/mcp', headers, 'GET', { trusted: '' })).toEqual({
      url: 'https://docs.example/mcp',
      address: '127.0.0.1',
    })
  })

  test('that came to the proxy without TLS is sent to https if it is a page, and refused otherwise', async () => {
    const headers = { host, 'x-forwarded-proto': 'https, http' }
    expect(await arrive('/oauth/authorize?a=1', headers)).toMatchObject({
      status: 308,
      headers: { location: 'https://docs.example/oauth/authorize?a=1' },
    })
    expect(await arrive('/oauth/token', headers, 'POST')).toMatchObject({ status: 403 })
  })

  test('is never sent to a host of the caller', async () => {
    const answer = await arrive('//evil.example/x', { host: 'evil.example', 'x-forwarded-proto': 'http' })
    expect(new URL(answer.headers.location).host).toBe(host)
  })

  test('cannot call a scheduled function', async () => {
    expect(await arrive('/.netlify/functions/usage', { host }, 'POST')).toMatchObject({ status: 404 })
    expect(await arrive('/x/../.netlify/functions/usage', { host }, 'POST')).toMatchObject({ status: 404 })
  })

  test('of a health check may name any host; of another path it keeps its own, which gets 404', async () => {
    const headers = { host: '10.0.0.5:8080', 'x-forwarded-proto': 'http' }
    for (const path of ['/health', '/health/ready']) {
      expect((await arrive(path, headers)).url).toBe(`https://docs.example${path}`)
    }
    expect((await arrive('/mcp', { host: '10.0.0.5:8080' })).url).toBe('https://10.0.0.5:8080/mcp')
  })

  test('finds a container that is about to stop alive and not ready', async () => {
    expect(await arrive('/health/ready', { host }, 'GET', { leaving: true })).toMatchObject({ status: 503 })
    expect(await arrive('/health', { host }, 'GET', { leaving: true })).toMatchObject({ address: '127.0.0.1' })
    expect(await arrive('/mcp', { host }, 'GET', { leaving: true })).toMatchObject({ address: '127.0.0.1' })
  })

  test('without a usable Host is refused', async () => {
    expect(await arrive('/mcp', { host: 'docs.example/x' })).toMatchObject({ status: 400 })
  })
})
