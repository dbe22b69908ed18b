import { once } from 'node:events'
import { createServer } from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createTestCa } from '../../../../dev/tls/ca.ts'
import { type FetchedResource, FetchRefused, fetchUntrusted } from '../../../net/fetch-untrusted.ts'
import { docsScopes } from '../../../settings/docs-resource.ts'
import { createClients } from '../resolve.ts'
import { createMetadataDocuments, type DocumentLimits } from './documents.ts'

const policy = { scopes: docsScopes.all, privateUseUris: [] }
const never = new AbortController().signal
const documentOf = (url: string, more: object = {}) => ({
  client_id: url,
  client_name: 'Example',
  redirect_uris: ['https://client.example/cb'],
  ...more,
})
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const ca = await createTestCa()
const identity = await ca.certificateFor(['localhost'])

describe('over the network', () => {
  const requests: (string | undefined)[] = []
  const server = createServer(identity, (request, response) => {
    requests.push(request.url)
    const { pathname, searchParams } = new URL(request.url ?? '', origin)
    const type = searchParams.get('type') ?? 'application/json'
    const padding = 'x'.repeat(Number(searchParams.get('padding') ?? 0))
    const headers = { 'content-type': type, ...(searchParams.has('challenge') ? { 'cf-mitigated': 'challenge' } : {}) }
    response.writeHead(Number(searchParams.get('status') ?? 200), headers)
    if (pathname === '/text') response.end('{not json')
    else if (pathname === '/latin1')
      response.end(Buffer.from(JSON.stringify(documentOf(origin + request.url, { client_name: '\xe9' })), 'latin1'))
    else response.end(JSON.stringify(documentOf(origin + request.url, { padding })))
  })
  let origin = ''
  const clients = createClients({
    registrations: { register: () => Promise.reject(new Error('not here')), resolve: async () => null },
    metadataDocuments: createMetadataDocuments({
      fetch: (url, limits) =>
        fetchUntrusted(url, {
          ...limits,
          userAgent: 'test/1',
          localOrigins: [origin],
          certificateAuthorities: [ca.caPem],
        }),
      policy,
      now: Date.now,
    }),
  })

  beforeAll(async () => {
    server.listen(0, 'localhost')
    await once(server, 'listening')
    const address = server.address()
    origin = `https://localhost:${typeof address === 'object' ? address?.port : ''}`
  })
  afterAll(async () => {
    server.close()
    await once(server, 'close')
  })

  test('a document is fetched once for all callers [M-11 M-14]', async () => {
    const url = `${origin}/client.json`
    const asked = await Promise.all(Array.from({ length: 20 }, () => clients.resolve(url, never)))
    expect(new Set(asked).size).toBe(1)
    expect(await clients.resolve(url, never)).toBe(asked[0])
    expect(asked[0]).toMatchObject({
      id: url,
      name: 'Example',
      source: 'metadata-document',
      verifiedHost: new URL(url).host,
    })
    expect(requests).toEqual(['/client.json'])
  })

  test.each([
    ['/c?type=application/client%2Bjson', 'client'],
    ['/c?type=Application/JSON;%20charset=utf-8', 'client'],
    ['/c?padding=4800', 'client'],
    ['/c?padding=5200', 'invalid'],
    ['/c?type=text/html', 'invalid'],
    ['/c?type=text/json', 'invalid'],
    ['/c?type=application/jsonp', 'invalid'],
    ['/text', 'invalid'],
    ['/latin1', 'invalid'],
    ['/c?status=201', 'invalid'],
    ['/c?status=301', 'invalid'],
    ['/c?status=404', 'invalid'],
    ['/c?status=403', 'invalid'],
    ['/c?status=403&type=text/html', 'unavailable'],
    ['/c?status=403&challenge', 'unavailable'],
    ['/c?status=429', 'unavailable'],
    ['/c?status=500', 'unavailable'],
    ['/c?status=503', 'unavailable'],
  ])('%s → %s [M-04 M-06 M-07 M-12 B8-9]', async (path, expected) => {
    const result = await clients.resolve(origin + path, never)
    expect('kind' in result ? result.kind : 'client').toBe(expected)
  })

  test('an address of the inner network is never asked [M-05 A17]', async () => {
    for (const url of [
      'https://169.254.169.254/latest/meta-data',
      'https://127.0.0.1/c',
      'https://localhost/c',
      'https://[::1]/c',
      'https://router.internal/c',
    ]) {
      expect(await clients.resolve(url, never)).toEqual({ kind: 'invalid', detail: 'fetch refused: address' })
    }
  })

  test('this server never fetches from itself [M-05 M-14]', async () => {
    const fetch = vi.fn()
    const documents = createMetadataDocuments({ fetch, policy, ownHost: 'broker.example', now: Date.now })
    expect(await documents.resolve('https://broker.example/oauth/authorize', never)).toMatchObject({ kind: 'invalid' })
    expect(fetch).not.toHaveBeenCalled()
  })

  test('a client_id that is not an https URL is a registration or unknown [M-01]', async () => {
    for (const id of ['http://client.example/c.json', 'HTTPS://client.example/c.json', 'unknown', '']) {
      expect(await clients.resolve(id, never)).toMatchObject({ kind: 'invalid' })
    }
  })
})

describe('kept in memory', () => {
  const url = 'https://client.example/c.json'
  let time = 0
  let cacheControl: string | null = null
  const fetch = vi.fn(
    async (asked: string, _limits: DocumentLimits): Promise<FetchedResource> => ({
      status: 200,
      headers: new Headers(cacheControl === null ? {} : { 'cache-control': cacheControl }),
      contentType: 'application/json',
      body: new TextEncoder().encode(JSON.stringify(documentOf(asked))),
    }),
  )
  const create = () => createMetadataDocuments({ fetch, policy, now: () => time })

  beforeEach(() => {
    fetch.mockClear()
    time = 0
    cacheControl = null
  })

  test.each([
    [null, 5 * MINUTE],
    ['no-store', 5 * MINUTE],
    ['max-age=0', 5 * MINUTE],
    ['public, max-age=3600', HOUR],
    ['Max-Age=3600', HOUR],
    ['max-age=999999999', 24 * HOUR],
    ['max-age=nonsense', 5 * MINUTE],
  ])('Cache-Control: %s, for %i ms [M-11 M-16]', async (header, kept) => {
    cacheControl = header
    const documents = create()
    await documents.resolve(url, never)
    time = kept - 1
    await documents.resolve(url, never)
    expect(fetch).toHaveBeenCalledTimes(1)
    time = kept
    await documents.resolve(url, never)
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  test('a fetch is limited to 5 KB and 5 s [M-04 M-06]', async () => {
    await create().resolve(url, never)
    expect(fetch).toHaveBeenCalledWith(url, { accept: 'application/json', maxBytes: 5_120, timeout: 5_000 })
  })

  test.each([
    ['dns', 'unavailable'],
    ['network', 'unavailable'],
    ['timeout', 'unavailable'],
    ['address', 'invalid'],
    ['redirect', 'invalid'],
    ['size', 'invalid'],
    ['encoding', 'invalid'],
  ] as const)('a fetch refused for %s is %s [M-12]', async (reason, kind) => {
    fetch.mockRejectedValueOnce(new FetchRefused(reason))
    expect(await create().resolve(url, never)).toEqual({ kind, detail: `fetch refused: ${reason}` })
  })

  test('an error is not cached [M-11]', async () => {
    const documents = create()
    fetch.mockRejectedValueOnce(new FetchRefused('timeout'))
    expect(await documents.resolve(url, never)).toEqual({ kind: 'unavailable', detail: 'fetch refused: timeout' })
    fetch.mockResolvedValueOnce({ status: 404, headers: new Headers(), contentType: '', body: new Uint8Array() })
    expect(await documents.resolve(url, never)).toEqual({
      kind: 'invalid',
      detail: 'the document was answered with status 404',
    })
    expect(await documents.resolve(url, never)).toMatchObject({ id: url })
  })

  test('at most 200 documents: the one used longest ago goes', async () => {
    const documents = create()
    for (let i = 0; i < 200; i++) await documents.resolve(`${url}?${i}`, never)
    await documents.resolve(`${url}?0`, never)
    await documents.resolve(`${url}?200`, never)
    fetch.mockClear()
    await documents.resolve(`${url}?0`, never)
    expect(fetch).not.toHaveBeenCalled()
    await documents.resolve(`${url}?1`, never)
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  test('a caller that disconnects does not cancel the fetch for others [M-14]', async () => {
    const { promise, resolve } = Promise.withResolvers<FetchedResource>()
    fetch.mockReturnValueOnce(promise)
    const documents = create()
    const impatient = new AbortController()
    const first = documents.resolve(url, impatient.signal)
    const second = documents.resolve(url, never)
    impatient.abort()
    expect(await first).toMatchObject({ kind: 'unavailable' })
    resolve({
      status: 200,
      headers: new Headers(),
      contentType: 'application/json',
      body: new TextEncoder().encode(JSON.stringify(documentOf(url))),
    })
    expect(await second).toMatchObject({ id: url })
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  test('a bug is not reported as a network error', async () => {
    fetch.mockRejectedValueOnce(new TypeError('a bug'))
    await expect(create().resolve(url, never)).rejects.toThrow('a bug')
  })
})
