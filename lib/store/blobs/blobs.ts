import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { getStore } from '@netlify/blobs'
import { decode, encode, type StoredRecord } from '../encoding.ts'
import { assertKey, assertPrefix } from '../keys.ts'
import {
  assertVersion,
  type KeyPage,
  type Store,
  StoreUnavailable,
  type StoreValue,
  type WriteResult,
} from '../store.ts'
import { createHttpFetch, type Exchange, type Operation } from './http-fetch.ts'
import { toEntityTag, toVersion } from './version.ts'

export interface BlobsStoreOptions {
  /** The store's name, at most 64 bytes without a slash. */
  readonly name: string
  /** Where the store is. If absent, Netlify's environment of the invocation says so. */
  readonly client?: {
    readonly siteID: string
    readonly token: string
    readonly edgeURL: string
    readonly uncachedEdgeURL: string
  }
  /** Returns the credentials of the current invocation: while they stay the same, clients of the store are reused. */
  readonly credentials?: () => unknown
  /**
   * For the local server that `netlify dev` starts, which sends no ETags on reads. The version of a record is then the MD5 of
   * its content, as the ETag is elsewhere. That server cannot compare it, so `replace` reads, compares and writes: not safe
   * for races, and never for production.
   */
  readonly readsWithoutETag?: boolean
  /** Milliseconds for one request. */
  readonly attemptTimeout?: number
  /** Milliseconds to wait before each repetition of a request without a clear answer. */
  readonly retryDelays?: readonly number[]
}

/** The store, which can also be emptied whole: `deleteAll` of the client, a page at a time. */
export interface BlobsStore extends Store {
  /** Removes every record. A call that was cut off has removed some, and the next one continues. */
  removeAll(signal: AbortSignal): Promise<void>
}

type Read = StoredRecord & { readonly version: string; readonly hasETag: boolean }
type Condition = { readonly onlyIfNew: true } | { readonly onlyIfMatch: string }
type BlobsClient = ReturnType<typeof getStore>

const noOperation: Operation = { signal: new AbortController().signal }

/** A client of Netlify Blobs, and the operation that it serves. */
interface Line {
  readonly credentials: unknown
  readonly blobs: BlobsClient
  operation: Operation
}

/**
 * The store on Netlify Blobs, strongly consistent throughout (O-03). An undisturbed operation sends one request. With the
 * default of two repetitions it sends at most 3, and a conditional write up to 3 more to read back a record that may be its
 * own.
 *
 * A write that ended in `StoreUnavailable` may still take effect later, and so may an earlier attempt of a `put`. The
 * store uses the endpoints that Netlify gives to functions; with a bare API token, every operation is unavailable.
 */
export function createBlobsStore(options: BlobsStoreOptions): BlobsStore {
  const { name, client, readsWithoutETag = false, attemptTimeout = 2_000, retryDelays = [50, 200] } = options

  /**
   * Clients that are idle now. Each serves one operation at a time. The credentials in the environment belong to one
   * invocation of a function, so that other credentials take other clients.
   */
  let idle: Line[] = []
  let credentials: unknown

  function takeLine(operation: Operation): Line {
    const now = client ?? options.credentials?.() ?? Symbol('unknown')
    if (now !== credentials) idle = []
    credentials = now
    const known = idle.pop()
    if (known) return Object.assign(known, { operation })
    const line: Line = {
      credentials: now,
      operation,
      blobs: getStore({
        name,
        consistency: 'strong',
        fetch: createHttpFetch(() => line.operation, attemptTimeout),
        ...client,
      }),
    }
    return line
  }

  /** Sends one request. `result` is absent if the client rejected the answer; `exchange` says what really came. */
  async function ask<Result>(
    signal: AbortSignal,
    run: (blobs: BlobsClient) => Promise<Result>,
    cursor?: string,
  ): Promise<{ readonly exchange: Exchange; readonly result?: Result }> {
    if (signal.aborted) throw outOfTime()
    const operation: Operation = { signal, cursor }
    let failure: unknown
    try {
      const line = takeLine(operation)
      const result = await run(line.blobs).finally(() => {
        // An idle client must not keep the last answer in memory.
        line.operation = noOperation
        if (line.credentials === credentials) idle.push(line)
      })
      if (operation.exchange !== undefined) return { exchange: operation.exchange, result }
    } catch (error) {
      if (operation.exchange !== undefined) return { exchange: operation.exchange }
      failure = error
    }
    throw new StoreUnavailable('Netlify Blobs is not configured: the client sent no request', { cause: failure })
  }

  /** Repeats an attempt until it returns something other than `undefined`; returns `undefined` if it never does. */
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

  /** Repeats a request that may be sent twice until there is a result. */
  async function askUntilAnswered<Result>(
    signal: AbortSignal,
    run: (blobs: BlobsClient) => Promise<Result | undefined>,
    cursor?: string,
  ): Promise<{ readonly exchange: Exchange; readonly result: Result }> {
    let status = 0
    const assertNotRefused = refusedOnce()
    const answered = await repeat(signal, async () => {
      const { exchange, ...rest } = await ask(signal, run, cursor)
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
    return { ...decode(exchange.text), version: version || contentVersion(exchange.text), hasETag: version !== '' }
  }

  async function write(
    key: string,
    value: StoreValue,
    condition: Condition,
    expected: string | undefined,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const { nonce, text } = encode(value)
    let clear = true
    const assertNotRefused = refusedOnce()
    const decided = await repeat(signal, async (): Promise<WriteResult | 'unsure' | undefined> => {
      const { exchange, result } = await ask(signal, (blobs) => blobs.set(key, text, condition))
      const version = toVersion(result?.etag)
      // The client calls every status but 412 a success (O-04). Only an ETag with a 2xx is a success.
      if (result?.modified && version !== '' && isSuccess(exchange))
        return { won: true, version: versionOf(version, text) }
      // After an attempt without a clear answer, the record that is in the way may be the one that this attempt wrote.
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

  /** A lost `replace`, unless the server could not compare: then it returns the wanted version without an ETag. */
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
      await putText(key, encode(value).text, signal)
    },
    async remove(key, signal) {
      assertKey(key)
      await askUntilAnswered(signal, async (blobs) => {
        await blobs.delete(key)
        return true
      })
    },
    async removeAll(signal) {
      await askUntilAnswered(signal, (blobs) => blobs.deleteAll())
    },
    async list(prefix, signal, cursor) {
      assertPrefix(prefix)
      const { exchange, result } = await askUntilAnswered(signal, (blobs) => firstPage(blobs, prefix), cursor)
      return toKeyPage(result, exchange)
    },
  }
}

const contentVersion = (text: string) => hash('md5', text)

async function firstPage(blobs: BlobsClient, prefix: string): Promise<readonly string[]> {
  for await (const page of blobs.list({ prefix, paginate: true })) return page.blobs.map(({ key }) => key)
  return []
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
 * Counts the refusals of one operation. The first may pass: a gateway refused, or credentials were not known everywhere
 * yet. The second is final.
 *
 * @returns a function to call with each exchange; throws `StoreUnavailable` on the second refusal
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
