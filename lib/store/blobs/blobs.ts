import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { getStore } from '@netlify/blobs'
import { type Envelope, open, seal } from '../envelope.ts'
import { assertKey, assertPrefix } from '../keys.ts'
import { type KeyPage, type Store, StoreUnavailable, type StoreValue, type WriteResult } from '../store.ts'
import { createHttpFetch, type Exchange } from './http-fetch.ts'
import { assertVersion, toEntityTag, toVersion } from './version.ts'

export interface BlobsStoreOptions {
  /** The store's name, at most 64 bytes without a slash. */
  readonly name: string
  /** Where the store is; if left out, what Netlify puts into the environment for each invocation. */
  readonly client?: {
    readonly siteID: string
    readonly token: string
    readonly edgeURL: string
    readonly uncachedEdgeURL: string
  }
  /**
   * For Netlify's own local server, which `netlify dev` starts and which sends no ETags on reads: the version of a record
   * is then the MD5 of its content, which elsewhere is what the ETag is. That server cannot compare it, so that a
   * `replace` there reads, compares and writes: not safe for races, and never for production.
   */
  readonly readsWithoutETag?: boolean
  /** Milliseconds for one request. */
  readonly attemptTimeout?: number
  /** Milliseconds to wait before each repetition of a request that got no clear answer. */
  readonly retryDelays?: readonly number[]
}

type Read = Envelope & { readonly version: string; readonly hasETag: boolean }
type Condition = { readonly onlyIfNew: true } | { readonly onlyIfMatch: string }
type BlobsClient = ReturnType<typeof getStore>
type Fetch = typeof fetch

/**
 * The store on Netlify Blobs, strongly consistent throughout (O-03). With the default of two repetitions an operation
 * sends at most 3 requests, and a conditional write up to 3 more to read back a record that may be its own; undisturbed,
 * each sends exactly one.
 *
 * A write that ended in `StoreUnavailable` may still take effect later, and so may an earlier attempt of a `put`. It
 * speaks to the endpoints that Netlify gives to functions only; with a bare API token, every operation is unavailable.
 */
export function createBlobsStore(options: BlobsStoreOptions): Store {
  const { name, client, readsWithoutETag = false, attemptTimeout = 2_000, retryDelays = [50, 200] } = options

  /** One request. `result` is missing if the client found the answer wanting; `exchange` says what really came. */
  async function ask<Result>(
    signal: AbortSignal,
    run: (blobs: BlobsClient) => Promise<Result>,
    adapt: (fetch: Fetch, text: () => string) => Fetch = (fetch) => fetch,
  ): Promise<{ readonly exchange: Exchange; readonly result?: Result }> {
    if (signal.aborted) throw outOfTime()
    let exchange: Exchange | undefined
    let failure: unknown
    const fetch = createHttpFetch(signal, attemptTimeout, (seen) => {
      exchange = seen
    })
    const text = () => exchange?.text ?? ''
    try {
      // Made anew each time: the credentials in the environment belong to one invocation of a function (platform 3).
      const blobs = getStore({ name, consistency: 'strong', fetch: adapt(fetch, text), ...client })
      const result = await run(blobs)
      if (exchange !== undefined) return { exchange, result }
    } catch (error) {
      if (exchange !== undefined) return { exchange }
      failure = error
    }
    throw new StoreUnavailable('Netlify Blobs is not configured: the client sent no request', { cause: failure })
  }

  /** Repeats until something other than undefined comes back; undefined if it never does. */
  async function repeat<Result>(
    signal: AbortSignal,
    attempt: () => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    const first = await attempt()
    if (first !== undefined) return first
    for (const milliseconds of retryDelays) {
      await pause(milliseconds, signal)
      const next = await attempt()
      if (next !== undefined) return next
    }
    return undefined
  }

  /** For what may be done twice: repeats until there is a result. */
  async function askUntilAnswered<Result>(
    signal: AbortSignal,
    run: (blobs: BlobsClient) => Promise<Result | undefined>,
    adapt?: (fetch: Fetch, text: () => string) => Fetch,
  ): Promise<{ readonly exchange: Exchange; readonly result: Result }> {
    let status = 0
    const assertNotRefused = refusedOnce()
    const answered = await repeat(signal, async () => {
      const { exchange, ...rest } = await ask(signal, run, adapt)
      if ('result' in rest && rest.result !== undefined) return { exchange, result: rest.result }
      assertNotRefused(exchange)
      status = exchange.status
      return undefined
    })
    if (answered === undefined) throw new StoreUnavailable(`Netlify Blobs gave no clear answer, last status ${status}`)
    return answered
  }

  async function read(key: string, signal: AbortSignal): Promise<Read | null> {
    const { result, exchange } = await askUntilAnswered(signal, async (blobs) => {
      const found = await blobs.getWithMetadata(key)
      return found === null || readsWithoutETag || toVersion(found.etag) !== '' ? found : undefined
    })
    if (result === null) return null
    const version = toVersion(result.etag)
    return { ...open(exchange.text), version: version || contentVersion(exchange.text), hasETag: version !== '' }
  }

  async function write(
    key: string,
    value: StoreValue,
    condition: Condition,
    expected: string | undefined,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const { nonce, text } = seal(value)
    let clear = true
    const assertNotRefused = refusedOnce()
    const decided = await repeat(signal, async (): Promise<WriteResult | 'unsure' | undefined> => {
      const { exchange, result } = await ask(signal, (blobs) => blobs.set(key, text, condition))
      const version = toVersion(result?.etag)
      // The client calls every status but 412 a success (O-04); only an ETag with a 2xx is one.
      if (result?.modified && version !== '' && isSuccess(exchange))
        return { won: true, version: versionOf(version, text) }
      // After an attempt without a clear answer, the record that is in the way may be the one which that attempt wrote.
      if (exchange.status === 412) return clear ? { won: false, ambiguous: false } : 'unsure'
      assertNotRefused(exchange)
      clear = false
      return undefined
    })
    if (decided !== undefined && decided !== 'unsure') {
      const isLost = !decided.won && expected !== undefined
      return readsWithoutETag && isLost ? replaceUncompared(key, text, expected, signal) : decided
    }

    const record = await read(key, signal)
    if (record?.nonce === nonce) return { won: true, version: record.version }
    if (record === null || record.version === expected) throw new StoreUnavailable('a write may or may not have landed')
    return { won: false, ambiguous: true }
  }

  const versionOf = (entityTag: string, text: string) => (readsWithoutETag ? contentVersion(text) : entityTag)

  /** Lost, unless it was to a server that could not compare: it gives the version that was asked for, and no ETag. */
  async function replaceUncompared(
    key: string,
    text: string,
    expected: string,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const record = await read(key, signal)
    if (record === null || record.hasETag || record.version !== expected) return { won: false, ambiguous: false }
    await putText(key, text, signal)
    return { won: true, version: contentVersion(text) }
  }

  async function putText(key: string, text: string, signal: AbortSignal): Promise<void> {
    await askUntilAnswered(signal, async (blobs) => toVersion((await blobs.set(key, text)).etag) || undefined)
  }

  return {
    async get(key, signal) {
      assertKey(key)
      const record = await read(key, signal)
      return record && { value: record.value, version: record.version }
    },
    async create(key, value, signal) {
      assertKey(key)
      return write(key, value, { onlyIfNew: true }, undefined, signal)
    },
    async replace(key, value, version, signal) {
      assertKey(key)
      assertVersion(version)
      return write(key, value, { onlyIfMatch: toEntityTag(version) }, version, signal)
    },
    async put(key, value, signal) {
      assertKey(key)
      await putText(key, seal(value).text, signal)
    },
    async remove(key, signal) {
      assertKey(key)
      await askUntilAnswered(signal, async (blobs) => {
        await blobs.delete(key)
        return true
      })
    },
    async list(prefix, signal, cursor) {
      assertPrefix(prefix)
      const { exchange, result } = await askUntilAnswered(signal, (blobs) => firstPage(blobs, prefix), forList(cursor))
      return toKeyPage(result, exchange)
    },
  }
}

const contentVersion = (text: string) => hash('md5', text)

async function firstPage(blobs: BlobsClient, prefix: string): Promise<readonly string[]> {
  for await (const page of blobs.list({ prefix, paginate: true })) return page.blobs.map(({ key }) => key)
  return []
}

/**
 * The client's iterator neither takes a cursor nor gives one away: it is added to the URL, and read from the answer.
 * Listing is also the only operation for which the client needs the body.
 */
function forList(cursor: string | undefined): (fetch: Fetch, text: () => string) => Fetch {
  return (fetch, text) => async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (cursor !== undefined) url.searchParams.set('cursor', cursor)
    const response = await fetch(url, init)
    return response.status === 200 ? new Response(text()) : response
  }
}

function toKeyPage(keys: readonly string[], { status, text }: Exchange): KeyPage {
  if (status !== 200) return { keys }
  const page: unknown = JSON.parse(text)
  const next = typeof page === 'object' && page !== null && 'next_cursor' in page ? page.next_cursor : undefined
  return typeof next === 'string' && next !== '' ? { keys, next } : { keys }
}

function isSuccess({ status }: Exchange): boolean {
  return status >= 200 && status < 300
}

/**
 * A refusal may be a passing one, of a gateway or of credentials that are not known everywhere yet: it is repeated once.
 * The second refusal of an operation is final.
 *
 * @returns throws `StoreUnavailable` when it is told of the second refusal
 */
function refusedOnce(): (exchange: Exchange) => void {
  let refusals = 0
  return ({ status }) => {
    if (![400, 401, 403, 404].includes(status)) return
    refusals += 1
    if (refusals === 2) throw new StoreUnavailable(`Netlify Blobs refused with status ${status}`)
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal })
  } catch {
    throw outOfTime()
  }
}

function outOfTime(): StoreUnavailable {
  return new StoreUnavailable('the request ran out of time')
}
