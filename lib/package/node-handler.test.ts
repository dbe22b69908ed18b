import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeHandler } from './node-handler.ts'

const origin = 'https://tools.example.com'
const running: { close(): void }[] = []
afterEach(() => running.splice(0).forEach((each) => void each.close()))

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push({ close: () => server.close().closeAllConnections() })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe('the listener', () => {
  test('takes the origin of URLs from its options, whatever the headers say', async () => {
    const handle = nodeHandler({ origin }, async ({ url }) => new Response(url))
    const at = await listen(handle)
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    const said = await new Promise<string>((resolve, reject) => {
      httpRequest(`${at}/a?b`, { headers }, (answer) => resolve(text(answer)))
        .on('error', reject)
        .end()
    })
    expect(said).toBe(`${origin}/a?b`)
  })

  test.each(['//evil.example/a', 'http://evil.example/a'])(
    'refuses the path %s, which names another host',
    async (path) => {
      const { port } = new URL(await listen(nodeHandler({ origin }, async ({ url }) => new Response(url))))
      const status = await new Promise((resolve, reject) => {
        httpRequest({ port, path }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end()
      })
      expect(status).toBe(400)
    },
  )

  test('leaves the body to what comes next, if the path is not its own', async () => {
    const slow = () => new Promise<undefined>((resolve) => setTimeout(resolve, 50))
    const handle = nodeHandler({ origin }, slow)
    const at = await listen((request, response) => {
      handle(request, response, () => request.on('data', (piece) => response.end(piece)))
    })
    const answer = await fetch(at, { method: 'POST', body: 'a call', signal: AbortSignal.timeout(2_000) })
    expect(await answer.text()).toBe('a call')
  })

  test('gives the body to the handler that reads it', async () => {
    const at = await listen(nodeHandler({ origin }, async () => undefined, async (request) => new Response(request.body))) // biome-ignore format: one line
    const body = 'x'.repeat(300_000)
    expect(await (await fetch(at, { method: 'POST', body })).text()).toBe(body)
  })

  test('answers 500 if a handler fails, and 404 if none answers', async () => {
    const failing = await listen(nodeHandler({ origin }, () => Promise.reject(new Error('a bug'))))
    const answer = await fetch(failing)
    expect([answer.status, await answer.text()]).toEqual([500, ''])
    expect((await fetch(await listen(nodeHandler({ origin })))).status).toBe(404)
  })

  test('outlives a client that goes while its body is read', async () => {
    const failures: unknown[] = []
    const at = await listen(
      nodeHandler({ origin }, async (request) => {
        if (request.method === 'GET') return new Response('alive')
        await request.text().catch((error: unknown) => failures.push(error))
        throw new Error('the client has gone')
      }),
    )
    const sent = httpRequest(at, { method: 'POST', headers: { 'content-length': 1000 } }).on('error', () => undefined)
    sent.write('a')
    setTimeout(() => sent.destroy(), 50)
    await expect.poll(() => failures.length).toBe(1)
    expect(await (await fetch(at)).text()).toBe('alive')
  })
})

describe('the address of the caller', () => {
  const addressFor = async (proxies: number, forwarded?: string) => {
    const at = await listen(nodeHandler({ origin, proxies }, async (_request, { address }) => new Response(address)))
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    return (await fetch(at, { headers })).text()
  }

  test.each([
    ['of the connection, whatever the header says', 0, '192.0.2.1', '127.0.0.1'],
    ['the last that a proxy has written', 1, '192.0.2.1, 192.0.2.2', '192.0.2.2'],
    ['the last but one behind two proxies', 2, '192.0.2.1, 192.0.2.2, 192.0.2.3', '192.0.2.2'],
    ['that of the connection if no proxy has written one: limits still count the caller', 1, undefined, '127.0.0.1'],
    ['that of the connection if there are too few', 2, '192.0.2.1', '127.0.0.1'],
  ])('is %s', async (_what, proxies, forwarded, expected) => {
    expect(await addressFor(proxies, forwarded)).toBe(expected)
  })
})

test.each([-1, 0.5, Number.NaN])('%s proxies are refused at once', (proxies) => {
  expect(() => nodeHandler({ origin, proxies })).toThrow('proxies')
})
test.each(['https://tools.example.com/', 'tools.example.com', ''])('the origin "%s" is refused at once', (wrong) => {
  expect(() => nodeHandler({ origin: wrong })).toThrow('origin')
})
