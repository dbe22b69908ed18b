import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getStore } from '@netlify/blobs'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type BlobsEmulator, startBlobsEmulator } from '../../../dev/blobs/emulator.ts'
import { operationsOn } from '../../../dev/worlds/store-contract.ts'
import { StoreUnavailable } from '../store.ts'
import { type BlobsStore, createBlobsStore } from './blobs.ts'

const { signal } = new AbortController()
let emulator: BlobsEmulator
beforeAll(async () => {
  emulator = await startBlobsEmulator()
})
beforeEach(() => emulator.reset())
afterAll(() => emulator.stop())

describe('deadline', () => {
  // The adapter has no time limit in these tests: only the signal can end an operation.
  const patient = () =>
    createBlobsStore({ name: 'deadline', client: emulator.clientOptions(), attemptTimeout: 3e5, retryDelays: [3e5] })

  /** Starts every operation on the key, and fires the signal when all requests have arrived. */
  async function expectUnavailable(): Promise<void> {
    const deadline = new AbortController()
    const after = emulator.operations().length
    const operations = [
      ...operationsOn(patient(), 'key', deadline.signal),
      () => patient().list('key', deadline.signal),
    ]
    const ended = Promise.all(operations.map((operation) => expect(operation()).rejects.toThrow(StoreUnavailable)))
    await vi.waitFor(() => expect(emulator.operations()).toHaveLength(after + operations.length), { interval: 5 })
    deadline.abort()
    await ended
    expect(emulator.operations()).toHaveLength(after + operations.length)
  }

  test.each([{ action: 'hang' }, { action: 'hang', when: 'after' }, { action: 'slow' }] as const)(
    'ends every operation as unavailable during a request: %j',
    async (fault) => {
      await patient().put('key', { long: 'x'.repeat(5000) }, signal)
      emulator.addFault(fault)
      await expectUnavailable()
    },
  )

  test('ends every operation as unavailable during the wait before a retry [T-25]', async () => {
    emulator.addFault({ action: 'status', status: 503 })
    await expectUnavailable()
  })

  test('may be shared by many operations without a warning', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    await Promise.all(Array.from({ length: 100 }, (_, index) => patient().get(`many/${index}`, signal)))
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})

describe('connections', () => {
  type Handler = (request: IncomingMessage, response: ServerResponse) => void

  async function withServer(
    handler: Handler,
    use: (at: ServedAt) => Promise<void>,
    retryDelays: readonly number[] = [],
  ): Promise<void> {
    const server = createServer(handler).listen(0, '127.0.0.1')
    let connections = 0
    server.on('connection', () => {
      connections += 1
    })
    await once(server, 'listening')
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const client = { siteID: 'site', token: 'token', edgeURL: url, uncachedEdgeURL: url }
    const store = createBlobsStore({ name: 'own', client, attemptTimeout: 20_000, retryDelays })
    await use({ store, connections: () => connections }).finally(() => {
      server.closeAllConnections()
      server.close()
    })
  }
  interface ServedAt {
    readonly store: ReturnType<typeof createBlobsStore>
    readonly connections: () => number
  }

  test('are kept for the next operation', async () => {
    const answer: Handler = (_request, response) => void response.writeHead(404).end()
    await withServer(answer, async ({ store, connections }) => {
      for (let count = 0; count < 10; count++) await store.get('key', signal)
      expect(connections()).toBe(1)
    })
  })

  test('that the server closes while idle cause no failure, and are replaced [O-13]', async () => {
    const unhandled = vi.fn()
    process.on('uncaughtException', unhandled)
    let open: Socket | undefined
    const answer: Handler = ({ socket }, response) => {
      open = socket
      response.writeHead(404).end()
    }
    const use = async ({ store, connections }: ServedAt) => {
      for (let count = 1; count <= 3; count++) {
        expect(await store.get('key', signal)).toBeNull()
        expect(connections()).toBe(count)
        open?.resetAndDestroy()
      }
    }
    await withServer(answer, use, [1])
    process.off('uncaughtException', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test.each([
    ['before any answer', () => {}],
    ['in the middle of a body', (response: ServerResponse) => void response.writeHead(200, { etag: '"v"' }).write('{')],
  ])('are closed when the signal fires %s', async (_when, begin) => {
    const deadline = new AbortController()
    const closed = vi.fn()
    const handler: Handler = (request, response) => {
      request.socket.on('close', closed)
      begin(response)
      setImmediate(() => deadline.abort())
    }
    await withServer(handler, async ({ store }) => {
      await expect(store.get('key', deadline.signal)).rejects.toThrow(StoreUnavailable)
      await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce())
    })
  })

  test('an answer that is larger than any page of keys is cut off', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    let poured = 0
    const handler: Handler = (_request, response) => {
      response.writeHead(200, { etag: '"v"' })
      const pour = () => {
        while (poured < 64 && !response.destroyed) {
          poured += 1
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.on('drain', pour)
      pour()
    }
    await withServer(handler, async ({ store }) => {
      await expect(store.get('key', signal)).rejects.toThrow(StoreUnavailable)
      expect(poured).toBeLessThan(32)
    })
  })

  test.each([404, 403, 500])(
    'an error page of status %i with an ETag does not count as a win [O-04]',
    async (status) => {
      const handler: Handler = (_request, response) =>
        void response.writeHead(status, { etag: '"page"' }).end('<p>sorry')
      await withServer(handler, async ({ store }) => {
        await expect(store.create('key', {}, signal)).rejects.toThrow(StoreUnavailable)
        await expect(store.replace('key', {}, 'page', signal)).rejects.toThrow(StoreUnavailable)
      })
    },
  )

  test('ask for no compression', async () => {
    const encodings: unknown[] = []
    const handler: Handler = (request, response) => {
      encodings.push(request.headers['accept-encoding'])
      response.writeHead(404).end()
    }
    await withServer(handler, async ({ store }) => {
      await store.get('key', signal)
      expect(encodings).toEqual([undefined])
    })
  })

  test('refused connections are unavailable', async () => {
    const stopped = await startBlobsEmulator()
    await stopped.stop()
    const store = createBlobsStore({ name: 'own', client: stopped.clientOptions(), retryDelays: [1] })
    await expect(store.get('key', signal)).rejects.toThrow(StoreUnavailable)
    await expect(store.create('key', {}, signal)).rejects.toThrow(StoreUnavailable)
  })
})

describe('environment', () => {
  test.each([
    ['without', {}],
    ['with', { credentials: () => process.env.NETLIFY_BLOBS_CONTEXT }],
  ])(
    'is read for each operation, because Netlify sets it for each invocation: %s reuse of clients',
    async (_how, reuse) => {
      const other = await startBlobsEmulator()
      const store = createBlobsStore({ name: 'environment', ...reuse })
      try {
        vi.stubEnv('NETLIFY_BLOBS_CONTEXT', undefined)
        await expect(store.get('key', signal)).rejects.toThrow(StoreUnavailable)
        vi.stubEnv('NETLIFY_BLOBS_CONTEXT', emulator.context())
        await store.put('key', { at: 'first' }, signal)
        vi.stubEnv('NETLIFY_BLOBS_CONTEXT', other.context())
        expect(await store.get('key', signal)).toBeNull()
        expect(emulator.inspect('environment', 'key')?.body).toContain('first')
      } finally {
        vi.unstubAllEnvs()
        await other.stop()
      }
    },
  )
})

describe('foreign content', () => {
  test.each([
    '',
    'text',
    '{',
    'null',
    '[]',
    '{"value":{}}',
    '{"nonce":"n"}',
    '{"nonce":"n","value":null}',
    '{"nonce":1,"value":{}}',
  ])('a record that is %j is an error, not an absent one', async (content) => {
    const client = emulator.clientOptions()
    await getStore({ name: 'foreign', consistency: 'strong', ...client }).set('key', content)
    const store = createBlobsStore({ name: 'foreign', client })
    await expect(store.get('key', signal)).rejects.toThrow(StoreUnavailable)
    expect(await store.create('key', {}, signal)).toEqual({ won: false, ambiguous: false })
  })

  test('errors contain neither the token nor the content', async () => {
    const client = { ...emulator.clientOptions(), token: 'a-secret-token' }
    const error = await createBlobsStore({ name: 'foreign', client }).get('key', signal).catch(String)
    expect(error).toBe('StoreUnavailable: Netlify Blobs refused with status 403')
  })
})

describe('removal of everything', () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  let small: BlobsEmulator
  let store: BlobsStore
  beforeEach(async () => {
    small = await startBlobsEmulator({ pageSize: 3 })
    store = createBlobsStore({ name: 'many', client: small.clientOptions(), retryDelays: [1, 2] })
    for (const key of keys) await store.put(key, {}, signal)
    return () => small.stop()
  })

  test('takes a request for each page, and repeats one whose answer was lost', async () => {
    small.addFault({ action: 'drop', when: 'after', method: 'DELETE_ALL', count: 1 })
    await store.removeAll(signal)
    expect(small.operations().filter(({ method }) => method === 'DELETE_ALL')).toHaveLength(3)
    expect(await store.list('', signal)).toEqual({ keys: [] })
  })

  test('that was cut off has removed some, and the next call removes the rest', async () => {
    const deadline = new AbortController()
    small.addFault({ action: 'hang', when: 'after', method: 'DELETE_ALL', count: 1 })
    const cutOff = expect(store.removeAll(deadline.signal)).rejects.toThrow(StoreUnavailable)
    await vi.waitFor(() => expect(small.inspect('many', 'a')).toBeNull())
    deadline.abort()
    await cutOff
    expect((await store.list('', signal)).keys).toEqual(['d', 'e', 'f'])
    await store.removeAll(signal)
    expect(await store.list('', signal)).toEqual({ keys: [] })
  })
})
