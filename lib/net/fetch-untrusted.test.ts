import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTestCa } from '../../dev/tls/ca.ts'
import { observed } from '../base/telemetry.ts'
import { FetchRefused, type FetchUntrustedOptions, fetchUntrusted } from './fetch-untrusted.ts'

const HOST = 'docs.client.example'
const ca = await createTestCa()
const servers: Server[] = []
const seen: IncomingMessage[] = []
let port = 0

const handlers: Record<string, (response: ServerResponse) => void> = {
  '/ok': (response) => {
    response.writeHead(200, { 'Content-Type': 'Application/JSON; charset=utf-8', 'Cache-Control': 'max-age=60' })
    response.end('{"hello":"world"}')
  },
  '/redirect': (response) =>
    response.writeHead(302, { location: `https://${HOST}:${port}/ok` }).write('and on it goes'),
  '/not-found': (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no</h1>'),
  '/html': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>challenge</h1>'),
  '/exact': (response) => response.end('x'.repeat(100)),
  '/oversized': (response) => response.end('x'.repeat(101)),
  '/breaks-off': (response) => {
    response.writeHead(200, { 'content-length': '50' })
    response.write('x')
    response.socket?.end()
  },
  '/compressed': (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(100_000))),
  '/silent': () => {},
  '/drip': (response) => {
    const timer = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(timer))
  },
  '/endless': (response) => {
    const chunk = Buffer.alloc(16 * 1024)
    const pump = () => {
      while (!response.destroyed && response.write(chunk));
    }
    response.on('drain', pump)
    pump()
  },
  '/many-headers': (response) => response.writeHead(200, { 'x-long': 'x'.repeat(9_000) }).end(),
  '/switches-protocol': (response) =>
    response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
}

async function listen(identity: { key: string; cert: string }): Promise<number> {
  const server = createServer(identity, (request, response) => {
    seen.push(request)
    handlers[request.url ?? '']?.(response)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

const loopback = async () => [{ address: '127.0.0.1', family: 4 }]

function options(more: Partial<FetchUntrustedOptions> = {}): FetchUntrustedOptions {
  return {
    accept: 'application/json',
    userAgent: 'test/1',
    maxBytes: 100,
    localOrigins: [`https://${HOST}:${port}`],
    certificateAuthorities: [ca.caPem],
    resolve: loopback,
    ...more,
  }
}

const fetchPath = (path: string, more?: Partial<FetchUntrustedOptions>) =>
  fetchUntrusted(`https://${HOST}:${port}${path}`, options(more))

/** Returns why the fetch was refused, or `fetched` if it was not. */
async function refusal(fetching: Promise<unknown>): Promise<string> {
  try {
    await fetching
    return 'fetched'
  } catch (error) {
    expect(error).toBeInstanceOf(FetchRefused)
    return error instanceof FetchRefused ? error.reason : 'not a FetchRefused'
  }
}

beforeAll(async () => {
  port = await listen(await ca.certificateFor([HOST]))
})

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

describe('the result of a fetch', () => {
  test('has status, headers, content type without parameters, and body', async () => {
    const { status, headers, contentType, body } = await fetchPath('/ok')
    expect({ status, contentType, cache: headers.get('cache-control') }).toEqual({
      status: 200,
      contentType: 'application/json',
      cache: 'max-age=60',
    })
    expect(new TextDecoder().decode(body)).toBe('{"hello":"world"}')
  })

  test('the server learns nothing of the trace, and telemetry nothing of the URL', async () => {
    seen.length = 0
    const asked: string[] = []
    observed.by = {
      measure(_kind, service, request, work) {
        asked.push(`${service}: ${request}`)
        return work(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)
      },
      store: (store) => store,
      event: () => undefined,
      pending: () => undefined,
    }
    await fetchPath('/ok').finally(() => delete observed.by)
    expect(seen[0]?.rawHeaders.join()).not.toMatch(/trace|aaaa/)
    expect(asked).toEqual(['published: GET'])
  })

  test('the server sees the real name, and a request that asks for no compression [M-04 M-06]', async () => {
    seen.length = 0
    await fetchPath('/ok')
    const [request] = seen
    expect(request?.headers).toEqual({
      host: `${HOST}:${port}`,
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'test/1',
      connection: 'close',
    })
    expect(request?.socket).toMatchObject({ servername: HOST })
  })

  test.each([
    ['/not-found', 404, 'text/html'],
    ['/html', 200, 'text/html'],
    ['/exact', 200, ''],
  ])('leaves the judgement of %s to the caller', async (path, status, contentType) => {
    expect(await fetchPath(path)).toMatchObject({ status, contentType })
  })
})

describe('a hostile server is cut off', () => {
  test.each([
    ['/redirect', 'redirect'],
    ['/oversized', 'size'],
    ['/endless', 'size'],
    ['/many-headers', 'size'],
    ['/compressed', 'encoding'],
    ['/breaks-off', 'network'],
    ['/switches-protocol', 'network'],
    ['/silent', 'timeout'],
    ['/drip', 'timeout'],
  ])('%s → %s [M-04 M-06 A17]', async (path, reason) => {
    seen.length = 0
    const timeout = reason === 'timeout' ? 150 : 5_000
    expect(await refusal(fetchPath(path, { timeout, maxBytes: path === '/drip' ? 100_000 : 100 }))).toBe(reason)
    expect(seen.map((request) => request.url)).toEqual([path])
    const socket = seen[0]?.socket
    if (socket && !socket.destroyed) await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  })

  test('the deadline of the caller ends it too', async () => {
    const controller = new AbortController()
    const fetching = refusal(fetchPath('/silent', { signal: controller.signal }))
    controller.abort()
    expect(await fetching).toBe('timeout')
    expect(await refusal(fetchPath('/ok', { signal: controller.signal }))).toBe('timeout')
  })

  test('no error message contains what the server sent', async () => {
    const messages = await Promise.all(
      ['/redirect', '/oversized', '/compressed', '/breaks-off'].map((path) =>
        fetchPath(path).catch((e: Error) => e.message),
      ),
    )
    expect(messages).toEqual([
      'fetch refused: redirect',
      'fetch refused: size',
      'fetch refused: encoding',
      'fetch refused: network (ECONNRESET)',
    ])
  })
})

describe('TLS', () => {
  test('a certificate for another name is refused [M-04]', async () => {
    const other = await listen(await ca.certificateFor(['other.example']))
    const fetching = fetchUntrusted(
      `https://${HOST}:${other}/ok`,
      options({ localOrigins: [`https://${HOST}:${other}`] }),
    )
    await expect(fetching).rejects.toThrow('network (ERR_TLS_CERT_ALTNAME_INVALID)')
  })

  test('a certificate of an unknown authority is refused, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const other = await listen(await (await createTestCa()).certificateFor([HOST]))
    const url = `https://${HOST}:${other}/ok`
    expect(await refusal(fetchUntrusted(url, options({ localOrigins: [new URL(url).origin] })))).toBe('network')
    vi.unstubAllEnvs()
  })

  test('an IP address may have a certificate of its own', async () => {
    const other = await listen(await ca.certificateFor(['127.0.0.1']))
    const url = `https://127.0.0.1:${other}/ok`
    expect(await fetchUntrusted(url, options({ localOrigins: [new URL(url).origin] }))).toMatchObject({ status: 200 })
  })
})

describe('the address of the connection', () => {
  test('comes from one lookup, so a name server cannot give a different second answer [M-05 A17 B8-9]', async () => {
    const resolve = vi.fn(loopback).mockResolvedValueOnce([{ address: '127.0.0.1', family: 4 }])
    resolve.mockResolvedValue([{ address: '10.0.0.1', family: 4 }])
    expect(await fetchPath('/ok', { resolve })).toMatchObject({ status: 200 })
    expect(resolve).toHaveBeenCalledTimes(1)
    expect(await refusal(fetchPath('/ok', { resolve }))).toBe('address')
  })

  test('the pin holds however the process connects by default', async () => {
    const before = getDefaultAutoSelectFamily()
    setDefaultAutoSelectFamily(false)
    expect(await fetchPath('/ok')).toMatchObject({ status: 200 })
    setDefaultAutoSelectFamily(before)
  })

  test('one private answer among public ones refuses them all [M-05 A17 B8-9]', async () => {
    const resolve = async () => [
      { address: '8.8.8.8', family: 4 },
      { address: '::ffff:10.0.0.1', family: 6 },
    ]
    expect(await refusal(fetchUntrusted('https://client.example/c.json', options({ resolve })))).toBe('address')
  })

  test('only the local origins may be on loopback, and they may be nowhere else [M-05]', async () => {
    expect(await refusal(fetchPath('/ok', { localOrigins: [] }))).toBe('port')
    expect(await refusal(fetchPath('/ok', { localOrigins: [`https://${HOST}`] }))).toBe('port')
    expect(await refusal(fetchUntrusted(`https://${HOST}/ok`, options()))).toBe('address')
    expect(await refusal(fetchPath('/ok', { resolve: async () => [{ address: '8.8.8.8', family: 4 }] }))).toBe(
      'address',
    )
  })

  test.each([
    ['https://localhost/c', 'address'],
    ['https://localhost./c', 'address'],
    ['https://a.localhost/c', 'address'],
    ['https://printer.local/c', 'address'],
    ['https://metadata.google.internal/c', 'address'],
    ['https://intranet/c', 'address'],
    ['https://client.example./c', 'address'],
    ['https://127.0.0.1/c', 'address'],
    ['https://2130706433/c', 'address'],
    ['https://0x7f.1/c', 'address'],
    ['https://0177.0.0.1/c', 'address'],
    ['https://169.254.169.254/latest/meta-data', 'address'],
    ['https://[::1]/c', 'address'],
    ['https://[::ffff:127.0.0.1]/c', 'address'],
    ['https://[64:ff9b::7f00:1]/c', 'address'],
    ['https://[fd00:ec2::254]/c', 'address'],
    ['https://client.example:8443/c', 'port'],
    ['https://client.example:22/c', 'port'],
    ['http://client.example/c', 'scheme'],
    ['ftp://client.example/c', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['data:application/json,{}', 'scheme'],
    ['https://user@client.example/c', 'url'],
    ['https://:password@client.example/c', 'url'],
    ['client.example/c', 'url'],
    ['https://', 'url'],
    ['', 'url'],
  ])('%s is refused before anything is sent (%s) [M-05 A17 B8-9]', async (url, reason) => {
    const resolve = vi.fn(async () => [{ address: '8.8.8.8', family: 4 }])
    expect(await refusal(fetchUntrusted(url, options({ resolve })))).toBe(reason)
    expect(resolve).not.toHaveBeenCalled()
  })
})

describe('name resolution', () => {
  const resolving = (resolve: NonNullable<FetchUntrustedOptions['resolve']>) =>
    refusal(fetchUntrusted('https://client.example/c.json', options({ resolve, timeout: 100 })))

  test('that fails, finds nothing or never ends is refused', async () => {
    expect(await resolving(() => Promise.reject(new Error('ENOTFOUND')))).toBe('dns')
    expect(await resolving(async () => [])).toBe('dns')
    expect(await resolving(() => new Promise(() => {}))).toBe('timeout')
  })

  test('uses the machine’s own resolver for local origins by default', async () => {
    const local = await listen(await ca.certificateFor(['localhost']))
    const { resolve: _, ...rest } = options({ localOrigins: [`https://localhost:${local}`] })
    expect(await fetchUntrusted(`https://localhost:${local}/ok`, rest)).toMatchObject({ status: 200 })
  })
})
