import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { recorded } from '../../../../dev/worlds/recording.ts'
import { defined } from '../../../base/defined.ts'
import type { RateLimit } from '../../../base/rate-limit.ts'
import { type FetchedResource, type FetchRefusal, FetchRefused, fetchUntrusted } from '../../../net/fetch-untrusted.ts'
import { createKeySets } from './key-sets.ts'

const uri = 'https://client.example/jwks.json'
const never = new AbortController().signal
const jwk = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
})
const [first, second] = [jwk('first'), jwk('second')]
/** The key of an assertion that was made long before the first fetch. */
const wanted = (kid: string) => ({ alg: 'ES256', kid, issuedAt: 1_794_999_999 }) as const

const answer = (body: unknown, more: Partial<FetchedResource> = {}): FetchedResource => ({
  status: 200,
  headers: new Headers(),
  contentType: 'application/json',
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  ...more,
})

/** The website of a client's publisher. */
function world(respond: () => FetchedResource | FetchRefusal = () => answer({ keys: [first] }), limit?: RateLimit) {
  const site = { respond, fetched: 0, clock: 1_795_000_000_000, log: [] as object[] }
  const sets = createKeySets({
    async fetch() {
      site.fetched += 1
      const response = site.respond()
      if (typeof response === 'string') throw new FetchRefused(response)
      return response
    },
    ownHost: 'docs.example',
    ...(limit && { limit }),
    log: recorded((event, fields) => site.log.push({ event, ...fields })),
    now: () => site.clock,
  })
  const find = (kid: string, address?: string) => sets.find(uri, wanted(kid), defined({ signal: never, address }))
  return { site, sets, find }
}

describe('a published key set [T-09]', () => {
  test('is fetched once for concurrent callers, and cached', async () => {
    const { site, find } = world()
    const found = await Promise.all(Array.from({ length: 50 }, () => find('first')))
    expect(found).toEqual(Array(50).fill([first]))
    site.clock += 299_000
    expect(await find('first')).toEqual([first])
    expect(site.fetched).toBe(1)
    site.clock += 2_000
    await find('first')
    expect(site.fetched).toBe(2)
    expect(site.log).toEqual(Array(2).fill({ event: 'client_keys_asked', host: 'client.example', outcome: 'valid' }))
  })

  test('is cached as its host says, for an hour at most, so that a withdrawn key does not stay valid', async () => {
    const { site, find } = world(() =>
      answer({ keys: [first] }, { headers: new Headers({ 'cache-control': 'max-age=86400' }) }),
    )
    await find('first')
    site.clock += 3_599_000
    await find('first')
    expect(site.fetched).toBe(1)
    site.clock += 2_000
    await find('first')
    expect(site.fetched).toBe(2)
  })

  test('is fetched again for an unknown key', async () => {
    const { site, find } = world()
    await find('first')
    site.respond = () => answer({ keys: [first, second] })
    site.clock += 31_000
    expect(await find('second')).toEqual([second])
    expect(site.fetched).toBe(2)
  })

  test('is not fetched again and again for invented keys', async () => {
    const { site, find } = world()
    for (let i = 0; i < 100; i++) expect(await find(`made up ${i}`)).toEqual([])
    expect(site.fetched).toBe(1)
    site.clock += 31_000
    for (let i = 0; i < 100; i++) expect(await find(`made up ${i}`)).toEqual([])
    expect(site.fetched).toBe(2)
  })

  test('that was fetched a moment ago proves nothing about a newer key: the answer is “try again”, not “no such key”', async () => {
    const { site, sets, find } = world()
    await find('first')
    for (const issuedAt of [{ issuedAt: site.clock / 1000 + 1 }, {}]) {
      const found = await sets.find(uri, { alg: 'ES256', kid: 'rotated', ...issuedAt }, { signal: never })
      expect(found).toMatchObject({ kind: 'unavailable' })
    }
    expect(site.fetched).toBe(1)
  })

  test.each<[string, FetchedResource | FetchRefusal]>([
    ['the host does not answer', 'timeout'],
    ['the name does not resolve', 'dns'],
    ['it is larger than 64 KB', 'size'],
    ['it redirects', 'redirect'],
    ['it is gone', answer({}, { status: 404 })],
    ['a firewall wants a browser', answer('<html>', { status: 403, contentType: 'text/html' })],
    ['it is not JSON', answer('<html>')],
    ['it is not a key set', answer({ error: 'maintenance' })],
  ])('is unavailable when %s, and fetched again the next time', async (_what, failure) => {
    const { site, find } = world(() => failure)
    expect(await find('first')).toMatchObject({ kind: 'unavailable' })
    site.respond = () => answer({ keys: [first] })
    expect(await find('first')).toEqual([first])
  })

  test('with a private key is refused as a whole [M-08]', async () => {
    const secret = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    const { find } = world(() => answer({ keys: [first, secret] }))
    expect(await find('first')).toMatchObject({ kind: 'invalid' })
  })

  test('on this server’s own host is not fetched', async () => {
    const { site, sets } = world()
    const found = await sets.find('https://docs.example/jwks.json', wanted('first'), { signal: never })
    expect([found, site.fetched]).toEqual([{ kind: 'invalid', detail: expect.any(String) }, 0])
  })

  test.each([
    'https://127.0.0.1/jwks.json',
    'https://169.254.169.254/jwks.json',
    'https://[::ffff:10.0.0.1]/jwks.json',
    'https://localhost/jwks.json',
    'https://client.example:8443/jwks.json',
  ])('at %s is refused before any connection [M-05]', async (address) => {
    const sets = createKeySets({
      fetch: (url, limits) => fetchUntrusted(url, { ...limits, userAgent: 'test/1' }),
      ownHost: 'docs.example',
      log: recorded(),
      now: Date.now,
    })
    expect(await sets.find(address, wanted('first'), { signal: never })).toMatchObject({ kind: 'invalid' })
  })

  test('counts a fetch for the caller’s address, and nothing else [M-14]', async () => {
    const hits: string[] = []
    const limit: RateLimit = {
      async hit(address) {
        hits.push(address)
        return hits.length > 1 ? { limited: true, retryAfter: 60 } : { limited: false }
      },
    }
    const { site, find } = world(() => 'timeout', limit)
    expect(await find('first', '203.0.113.1')).toMatchObject({ kind: 'unavailable' })
    expect(await find('first', '203.0.113.1')).toMatchObject({ kind: 'limited', retryAfter: 60 })
    expect(await find('first')).toMatchObject({ kind: 'unavailable' })
    expect([hits.length, site.fetched]).toEqual([2, 2])
  })

  test('does not count a caller that shares a running fetch [M-14]', async () => {
    const { site, find } = world(undefined, { hit: async () => ({ limited: true, retryAfter: 60 }) })
    expect(await Promise.all([find('first'), find('first', '203.0.113.1')])).toEqual([[first], [first]])
    expect(site.fetched).toBe(1)
  })

  test('whose host never has one is not fetched after 60 attempts in a minute [M-14]', async () => {
    const { site, find } = world(() => 'timeout')
    for (let i = 0; i < 80; i++) await find('first')
    expect(site.fetched).toBe(60)
    expect(await find('first')).toMatchObject({ kind: 'limited' })
  })

  describe('that cannot be fetched [M-14]', () => {
    const at = (n: number, host = 'client.example') => `https://${host}/${n}.json`
    /** `address`: of a caller without a token. If absent, the caller presents a token. */
    async function askAll(urls: readonly string[], address?: string) {
      const { site, sets } = world(() => 'timeout')
      const ask = (url: string, from: string | undefined) =>
        sets.find(url, wanted('first'), defined({ signal: never, address: from }))
      for (const url of urls) await ask(url, address)
      return { site, ask, fetched: site.fetched }
    }
    const many = Array.from({ length: 400 }, (_, n) => at(n))

    test('callers without a token: all URLs of one host count together; other hosts count apart', async () => {
      const { ask, fetched } = await askAll(many, '203.0.113.1')
      expect(fetched).toBe(60)
      expect(await ask(at(999), '198.51.100.1')).toMatchObject({ kind: 'limited' })
      expect(await ask(at(1, 'other.example'), '203.0.113.1')).toMatchObject({ kind: 'unavailable' })
    })

    test('callers without a token and callers with one have separate limits', async () => {
      const { ask } = await askAll(many, '203.0.113.1')
      expect(await ask(at(1), undefined)).toMatchObject({ kind: 'unavailable' })
      const holders = await askAll(many)
      expect(await holders.ask(at(1), '203.0.113.1')).toMatchObject({ kind: 'unavailable' })
    })

    test('callers with a token: one URL 60 times and one host 300 times, however many clients', async () => {
      expect((await askAll(Array<string>(400).fill(uri))).fetched).toBe(60)
      const { site, ask, fetched } = await askAll(many)
      expect(fetched).toBe(300)
      expect(await ask(at(999), undefined)).toMatchObject({ kind: 'limited' })
      expect(await ask(at(1, 'other.example'), undefined)).toMatchObject({ kind: 'unavailable' })
      site.clock += 60_000
      expect(await ask(at(999), undefined)).toMatchObject({ kind: 'unavailable' })
    })

    test('valid key sets use up no limit', async () => {
      const { site, sets } = world()
      for (const url of many) await sets.find(url, wanted('first'), { signal: never })
      for (const url of many) await sets.find(`${url}?x`, wanted('first'), { signal: never, address: '203.0.113.1' })
      expect(site.fetched).toBe(800)
    })
  })
})
