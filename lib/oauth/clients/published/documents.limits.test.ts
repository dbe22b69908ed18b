import * as v from 'valibot'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { newSecrets } from '../../../../dev/worlds/authorization-server.ts'
import { recorded } from '../../../../dev/worlds/recording.ts'
import { sha256 } from '../../../base/sha256.ts'
import { type FetchedResource, FetchRefused } from '../../../net/fetch-untrusted.ts'
import { docsScopes } from '../../../settings/docs-resource.ts'
import { createMemoryStore } from '../../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../../store/store.ts'
import { createSealing } from '../../keys/sealing.ts'
import { createMetadataDocuments, type MetadataDocumentsOptions } from './documents.ts'
import { createLastGoodCopies } from './last-good-copies.ts'

const never = new AbortController().signal
const url = 'https://client.example/c.json'
const address = '203.0.113.7'
const DAY = 86_400_000

function answer(status: number, body: string, headers: Record<string, string> = {}): FetchedResource {
  const all = new Headers({ 'content-type': 'application/json', ...headers })
  return { status, headers: all, contentType: all.get('content-type') ?? '', body: new TextEncoder().encode(body) }
}

const documentOf = (clientId: string, more: object = {}) => ({
  client_id: clientId,
  client_name: 'Example',
  redirect_uris: ['https://client.example/cb'],
  ...more,
})
const documentAt = (clientId: string, more: object = {}) => answer(200, JSON.stringify(documentOf(clientId, more)))

let time = 0
const fetch = vi.fn<(url: string) => Promise<FetchedResource>>()
beforeEach(() => {
  time = Date.UTC(2026, 10, 21)
  fetch.mockReset().mockImplementation(async (asked) => documentAt(asked))
})

const create = (more: Partial<MetadataDocumentsOptions> = {}) =>
  createMetadataDocuments({ fetch, policy: { scopes: docsScopes.all, privateUseUris: [] }, now: () => time, ...more })

describe('the limit of one address [M-14]', () => {
  const hit = vi.fn(async (_address: string, _signal: AbortSignal) => ({ limited: false as const }))
  beforeEach(() => hit.mockClear())

  test('counts fetches, and not cached documents', async () => {
    const documents = create({ limit: { hit } })
    await documents.resolve(url, never, address)
    await documents.resolve(url, never, address)
    expect(hit.mock.calls).toEqual([[address, never, undefined]])
    time += DAY
    await documents.resolve(url, never, address)
    expect(hit).toHaveBeenCalledTimes(2)
  })

  test('counts no URL that could never be fetched', async () => {
    for (const wrong of ['https://client.example/', 'https://client.example/a/../b', 'https://u@client.example/c']) {
      expect(await create({ limit: { hit } }).resolve(wrong, never, address)).toMatchObject({ kind: 'invalid' })
    }
    expect(hit).not.toHaveBeenCalled()
  })

  test('over the limit nothing is fetched; documents that other callers fetched still resolve', async () => {
    const documents = create({
      limit: { hit: async (from) => (from === address ? { limited: true, retryAfter: 7 } : { limited: false }) },
    })
    expect(await documents.resolve(url, never, address)).toMatchObject({ kind: 'limited', retryAfter: 7 })
    expect(fetch).not.toHaveBeenCalled()
    expect(await documents.resolve(url, never, '198.51.100.1')).toMatchObject({ id: url })
    expect(await documents.resolve(url, never, address)).toMatchObject({ id: url })
  })

  test('a caller that shares a running fetch is neither counted nor refused with the caller that began it', async () => {
    const { promise, resolve } = Promise.withResolvers<FetchedResource>()
    fetch.mockReturnValueOnce(promise)
    const documents = create({ limit: { hit } })
    const first = documents.resolve(url, never, address)
    await vi.waitFor(() => expect(fetch).toHaveBeenCalled())
    const second = documents.resolve(url, never, '198.51.100.1')
    resolve(documentAt(url))
    expect(await Promise.all([first, second])).toEqual([await first, await first])
    expect(hit).toHaveBeenCalledTimes(1)
  })

  test('a slow running fetch does not exempt a caller that asks for another document', async () => {
    fetch.mockReturnValueOnce(new Promise(() => {}))
    const documents = create({ limit: { hit } })
    void documents.resolve(url, never, address)
    await vi.waitFor(() => expect(fetch).toHaveBeenCalled())
    await documents.resolve(`${url}?other`, never, '198.51.100.1')
    expect(hit.mock.calls.map(([from]) => from)).toEqual([address, '198.51.100.1'])
  })
})

describe('the budget of one host [M-14]', () => {
  test('is sixty failed fetches in a minute, whatever the caller; other hosts and later minutes count apart', async () => {
    fetch.mockImplementation(async () => answer(404, ''))
    const documents = create()
    for (let i = 0; i < 100; i++) await documents.resolve(`${url}?${i}`, never, `10.0.0.${i}`)
    expect(fetch).toHaveBeenCalledTimes(60)
    expect(await documents.resolve(url, never)).toMatchObject({ kind: 'limited', retryAfter: 60 })
    expect(await documents.resolve('https://other.example/c.json', never)).toMatchObject({ kind: 'invalid' })
    time += 60_000
    expect(await documents.resolve(url, never)).toMatchObject({ kind: 'invalid' })
  })

  test('used up by other callers does not lock out a client whose document has a copy', async () => {
    const copies = { keep: async () => undefined, find: async (id: string) => (id === url ? documentOf(url) : null) }
    const documents = create({ copies })
    fetch.mockImplementation(async () => answer(404, ''))
    for (let i = 0; i < 60; i++) await documents.resolve(`${url}?${i}`, never)
    expect(await documents.resolve(url, never)).toMatchObject({ id: url })
    expect(await documents.resolve(`${url}?new`, never)).toMatchObject({ kind: 'limited' })
    expect(fetch).toHaveBeenCalledTimes(60)
  })

  test('running fetches count', async () => {
    fetch.mockReturnValue(new Promise(() => {}))
    const documents = create()
    const asked = Array.from({ length: 61 }, (_, i) => documents.resolve(`${url}?${i}`, never))
    expect(await asked[60]).toMatchObject({ kind: 'limited' })
    expect(fetch).toHaveBeenCalledTimes(60)
  })

  test('valid documents do not use it up: a host may have many clients', async () => {
    const documents = create()
    for (let i = 0; i < 150; i++) expect(await documents.resolve(`${url}?${i}`, never)).toHaveProperty('id')
  })
})

describe('hosts that the operator allows [M-15]', () => {
  const documents = () => create({ allowedHosts: new Set(['client.example', 'other.example:8443']) })

  test.each([url, 'https://other.example:8443/c.json'])('%s', async (allowed) => {
    expect(await documents().resolve(allowed, never)).toMatchObject({ id: allowed })
  })

  test.each([
    'https://evil.example/c.json',
    'https://sub.client.example/c.json',
    'https://client.example.evil.example/c.json',
    'https://client.example:8443/c.json',
    'https://other.example/c.json',
  ])('%s is refused and never fetched', async (foreign) => {
    expect(await documents().resolve(foreign, never)).toMatchObject({ kind: 'invalid' })
    expect(fetch).not.toHaveBeenCalled()
  })
})

describe('the last good copy [M-12]', () => {
  const log = vi.fn()
  beforeEach(() => log.mockClear())
  const secrets = newSecrets()
  const sealing = createSealing('https://docs.example', secrets)
  const copiesIn = (store: Store, by = sealing) =>
    createLastGoodCopies({ store, sealing: by, now: () => time, log: recorded(log) })
  const createWith = (store: Store, by = sealing) => create({ copies: copiesIn(store, by) })

  /** Completes a sign-in. Then the host behaves as `then` says, and an instance with an empty cache asks it. */
  async function afterSignIn(then: () => Promise<FetchedResource>, store = createMemoryStore(), later = DAY) {
    const documents = createWith(store)
    await documents.resolve(url, never)
    await documents.keepCopy(sha256(url), never)
    time += later
    fetch.mockImplementation(then)
    return createWith(store).resolve(url, never)
  }
  const refused = (reason: ConstructorParameters<typeof FetchRefused>[0]) => async () => {
    throw new FetchRefused(reason)
  }
  const html = { 'content-type': 'text/html' }

  test.each([
    ['the host does not answer', refused('network')],
    ['the name is not found', refused('dns')],
    ['it takes too long', refused('timeout')],
    ['a firewall asks for a browser', async () => answer(403, '', html)],
    ['a firewall says so in a header', async () => answer(403, '', { 'cf-mitigated': 'challenge' })],
    ['a challenge comes as 503', async () => answer(503, '', html)],
    ['a gateway answers with an error page', async () => answer(502, '', html)],
  ])('stands in when %s', async (_what, then) => {
    expect(await afterSignIn(then)).toMatchObject({ id: url, name: 'Example' })
    expect(log.mock.calls).toEqual([['client_copy_used', { client: sha256(url) }]])
  })

  test.each([
    ['404', async () => answer(404, '', html), 'invalid'],
    ['410', async () => answer(410, '', html), 'invalid'],
    ['403 without a challenge', async () => answer(403, '{}'), 'invalid'],
    ['500 of the client’s own', async () => answer(500, '{}'), 'unavailable'],
    ['429', async () => answer(429, '', html), 'unavailable'],
    ['a redirect', refused('redirect'), 'invalid'],
    ['an inner address', refused('address'), 'invalid'],
    ['too large', refused('size'), 'invalid'],
    ['no JSON', async () => answer(200, '<html>'), 'invalid'],
    ['another client_id', async () => documentAt('https://evil.example/c.json'), 'invalid'],
    ['a secret in it', async () => documentAt(url, { client_secret: 'x' }), 'invalid'],
  ])('never stands in for %s', async (_what, then, kind) => {
    expect(await afterSignIn(then)).toMatchObject({ kind })
    expect(log).not.toHaveBeenCalled()
  })

  test('gives way as soon as the host answers', async () => {
    const store = createMemoryStore()
    expect(await afterSignIn(refused('network'), store)).toMatchObject({ redirectUris: ['https://client.example/cb'] })
    const moved = ['https://client.example/new']
    fetch.mockImplementation(async () => documentAt(url, { redirect_uris: moved }))
    expect(await createWith(store).resolve(url, never)).toMatchObject({ redirectUris: moved })
  })

  test.each([
    [0, 'id'],
    [7 * DAY - 1000, 'id'],
    [7 * DAY, 'kind'],
    [14 * DAY, 'kind'],
  ])('after %i ms: %s', async (later, property) => {
    for (const offset of [0, 1, 2, 3, 4, 5, 6]) {
      time = Date.UTC(2026, 10, 21) + offset * DAY
      fetch.mockImplementation(async (asked) => documentAt(asked))
      expect(await afterSignIn(refused('network'), createMemoryStore(), later)).toHaveProperty(property)
    }
  })

  test('is read by the current rules, which may refuse what was acceptable then', async () => {
    const store = createMemoryStore()
    await copiesIn(store).keep(url, { client_id: url, client_name: 'x', redirect_uris: ['javascript:alert(1)'] }, never)
    fetch.mockImplementation(refused('network'))
    expect(await createWith(store).resolve(url, never)).toMatchObject({ kind: 'unavailable' })
  })

  test('stands in for an address that is over its limit, whichever program used the limit up', async () => {
    const store = createMemoryStore()
    await afterSignIn(refused('network'), store)
    fetch.mockClear()
    const limit = { hit: async () => ({ limited: true as const, retryAfter: 7 }) }
    const documents = create({ copies: copiesIn(store), limit })
    expect(await documents.resolve(url, never, address)).toMatchObject({ id: url, verifiedHost: 'client.example' })
    expect(await documents.resolve(`${url}?other`, never, address)).toMatchObject({ kind: 'limited', retryAfter: 7 })
    expect(fetch).not.toHaveBeenCalled()
  })

  describe('an attacker who can write the store, but has no secret', () => {
    /** The key of this client's copy. */
    async function keyIn(store: Store): Promise<string> {
      const [key = ''] = (await store.list('client-documents/', never)).keys
      return key
    }
    const evil = documentOf(url, { redirect_uris: ['https://evil.example/cb'] })
    const soon = Date.UTC(2026, 10, 22) / 1000

    test.each<[string, () => Record<string, unknown> | Promise<Record<string, unknown>>]>([
      ['a copy in the format of earlier releases', () => ({ document: evil, keptAt: soon })],
      ['one with a time in the future', () => ({ document: evil, keptAt: 4_000_000_000 })],
      [
        'one that is sealed by another secret',
        () => signedBy(createSealing('https://docs.example', newSecrets()), url, evil),
      ],
      ['one of another issuer', () => signedBy(createSealing('https://other.example', secrets), url, evil)],
      [
        'another purpose’s value',
        () => ({ copy: sealing.signed('client', v.looseObject({})).seal({ c: sha256(url), d: evil, t: soon }) }),
      ],
      ['another client’s copy', () => signedBy(sealing, 'https://evil.example/c.json', evil)],
      ['no text', () => ({ copy: { d: evil } })],
      ['nothing', () => ({})],
    ])('cannot pose as a client with %s [M-12]', async (_what, planted) => {
      const store = createMemoryStore()
      await afterSignIn(refused('network'), store)
      await store.put(await keyIn(store), await planted(), never)
      fetch.mockImplementation(refused('network'))
      expect(await createWith(store).resolve(url, never)).toMatchObject({ kind: 'unavailable' })
    })

    test('cannot make a copy last longer or count too early: its time is signed [M-12]', async () => {
      const store = createMemoryStore()
      await afterSignIn(refused('network'), store)
      const [copy] = await Promise.all([store.get(await keyIn(store), never)])
      // Stored under the keys that a later reader uses.
      const moveTo = async (later: number) => {
        time = later
        await copiesIn(store).keep(url, documentOf(url), never)
        for (const key of (await store.list('client-documents/', never)).keys) {
          await store.put(key, copy?.value ?? {}, never)
        }
        return createWith(store).resolve(url, never)
      }
      const kept = Date.UTC(2026, 10, 21)
      expect(await moveTo(kept + 7 * DAY - 1000)).toHaveProperty('id')
      expect(await moveTo(kept + 7 * DAY)).toMatchObject({ kind: 'unavailable' })
      expect(await moveTo(kept - 61_000)).toMatchObject({ kind: 'unavailable' })
      expect(await moveTo(kept - 59_000)).toHaveProperty('id')
    })

    /** The record that an instance with these keys writes for a client. */
    async function signedBy(by: typeof sealing, clientId: string, document: unknown) {
      const store = createMemoryStore()
      await copiesIn(store, by).keep(clientId, document, never)
      return (await store.get(await keyIn(store), never))?.value ?? {}
    }
  })

  test('is good under a previous secret, and not under one that has leaked', async () => {
    const store = createMemoryStore()
    await afterSignIn(refused('network'), store)
    const { current } = newSecrets()
    const at = (more: object) =>
      createWith(store, createSealing('https://docs.example', { current, previous: [], retired: [], ...more }))
    expect(await at({ previous: [secrets.current] }).resolve(url, never)).toMatchObject({ id: url })
    expect(await at({ retired: [secrets.current] }).resolve(url, never)).toMatchObject({ kind: 'unavailable' })
  })

  test('of an earlier release is replaced by the first sign-in, and costs no extra wait', async () => {
    const store = createMemoryStore()
    await store.put(
      `client-documents/${Date.UTC(2026, 11, 3) / 1000}/${sha256(url)}`,
      { document: documentOf(url), keptAt: time / 1000 },
      never,
    )
    expect(await createWith(store).resolve(url, never)).toMatchObject({ id: url })
    expect(await afterSignIn(refused('network'), store)).toMatchObject({ id: url })
  })

  test('does not exist before a completed sign-in, or for another client', async () => {
    const store = createMemoryStore()
    const documents = createWith(store)
    await documents.resolve(url, never)
    await documents.keepCopy(sha256('https://other.example/c.json'), never)
    expect((await store.list('', never)).keys).toEqual([])
  })

  test('is written once for each document that was fetched, and again after a write that failed', async () => {
    const memory = createMemoryStore()
    const put = vi.fn(memory.put)
    const documents = createWith({ ...memory, put })
    await documents.resolve(url, never)
    put.mockRejectedValueOnce(new StoreUnavailable('down'))
    await expect(documents.keepCopy(sha256(url), never)).rejects.toThrow(StoreUnavailable)
    for (let i = 0; i < 5; i++) await documents.keepCopy(sha256(url), never)
    expect(put).toHaveBeenCalledTimes(2)
  })

  test('a successful fetch reads nothing from the store, and a store that is down causes no error for the client', async () => {
    const down = async () => {
      throw new StoreUnavailable('down')
    }
    const get = vi.fn(down)
    const documents = createWith({ ...createMemoryStore(), get })
    expect(await documents.resolve(url, never)).toMatchObject({ id: url })
    expect(get).not.toHaveBeenCalled()
    time += DAY
    fetch.mockImplementation(refused('network'))
    expect(await documents.resolve(url, never)).toEqual({ kind: 'unavailable', detail: 'fetch refused: network' })
    expect(get).toHaveBeenCalled()
  })
})
