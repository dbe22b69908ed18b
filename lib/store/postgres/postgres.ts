import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isObject, jsonOf } from '../../base/json.ts'
import { assertKey, assertPrefix } from '../keys.ts'
import {
  assertVersion,
  type Store,
  type Stored,
  StoreUnavailable,
  type StoreValue,
  type WriteResult,
} from '../store.ts'
import type { Row } from './connection.ts'
import type { Database } from './database.ts'
import { insert, listKeys, readOne, removeOne, removeSome, type Statement, update, upsert } from './statements.ts'

export interface PostgresStoreOptions {
  /** The store's name. Stores of different names share a table, and no rows. */
  readonly site: string
  /**
   * Returns the database. Called at each operation, because the platform may name another database at each invocation. Throws
   * `StoreUnavailable`.
   */
  readonly database: () => Database
  /** Milliseconds to wait before each repetition of a statement without a clear answer. */
  readonly retryDelays?: readonly number[]
  /** Keys in one page of a list; default 1,000. */
  readonly pageSize?: number
}

/** The store, with a function that removes every record. */
export interface PostgresStore extends Store {
  /** Removes every record. After an interruption, the next call continues. */
  removeAll(signal: AbortSignal): Promise<void>
}

/** How many records one statement of `removeAll` removes. The statement must end before its timeout. */
const removedAtOnce = 5_000

type Done = { readonly rows: readonly Row[]; readonly count: number }

/**
 * The store on PostgreSQL 15 or newer. An operation without a fault sends one statement, which is its own transaction. The
 * version of a record is the nonce of its writer, so that a writer whose answer was lost can read the record and recognize its
 * own write (O-05).
 *
 * As with Blobs, a write that ended in `StoreUnavailable` may still take effect later, and so may an earlier attempt of a `put`.
 */
export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { site, database, retryDelays = [50, 200], pageSize = 1000 } = options

  /**
   * Sends a statement again until `decide` returns a result other than `undefined`. `isClear`: every earlier attempt certainly
   * had no effect.
   */
  async function repeat<Result>(
    statement: Statement,
    signal: AbortSignal,
    decide: (done: Done, isClear: boolean) => Result,
  ): Promise<{ readonly result: Result } | { readonly isClear: boolean; readonly reason: string }> {
    let isClear = true
    let reason = ''
    for (const milliseconds of [0, ...retryDelays]) {
      if (milliseconds > 0) await pause(milliseconds, signal)
      const answer = await database().ask(statement, signal)
      if (answer.kind === 'done') return { result: decide(answer, isClear) }
      isClear &&= answer.kind !== 'unknown'
      reason = answer.reason
    }
    return { isClear, reason }
  }

  /** Does the same for a statement that may be repeated whether or not it took effect. */
  async function untilDone<Result>(
    statement: Statement,
    signal: AbortSignal,
    take: (done: Done) => Result,
  ): Promise<Result> {
    const outcome = await repeat(statement, signal, take)
    if ('result' in outcome) return outcome.result
    throw new StoreUnavailable(`PostgreSQL gave no clear answer: ${outcome.reason}`)
  }

  const read = (key: string, signal: AbortSignal): Promise<Stored | null> =>
    untilDone(readOne(site, key), signal, ({ rows }) => storedOf(rows[0]))

  async function write(
    key: string,
    version: string,
    statement: Statement,
    expected: string | undefined,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const outcome = await repeat(statement, signal, ({ count }, isClear): WriteResult | 'unsure' => {
      if (count === 1) return { won: true, version }
      // After an attempt without a clear answer, the record that is in the way may be the one that this call wrote.
      return isClear ? { won: false, ambiguous: false } : 'unsure'
    })
    if ('result' in outcome && outcome.result !== 'unsure') return outcome.result
    if ('isClear' in outcome && outcome.isClear) throw new StoreUnavailable(`nothing was written: ${outcome.reason}`)

    const record = await read(key, signal)
    if (record?.version === version) return { won: true, version }
    if (record === null || record.version === expected) throw new StoreUnavailable('a write may or may not have landed')
    return { won: false, ambiguous: true }
  }

  return {
    async get(key, signal) {
      assertKey(key)
      return read(key, signal)
    },
    async create(key, value, signal) {
      assertKey(key)
      const version = randomUUID()
      return write(key, version, insert(site, key, textOf(value), version), undefined, signal)
    },
    async replace(key, value, expected, signal) {
      assertKey(key)
      assertVersion(expected)
      const version = randomUUID()
      return write(key, version, update(site, key, textOf(value), version, expected), expected, signal)
    },
    async put(key, value, signal) {
      assertKey(key)
      await untilDone(upsert(site, key, textOf(value), randomUUID()), signal, () => {})
    },
    async remove(key, signal) {
      assertKey(key)
      await untilDone(removeOne(site, key), signal, () => {})
    },
    async removeAll(signal) {
      const remove = () => untilDone(removeSome(site, removedAtOnce), signal, ({ count }) => count)
      while ((await remove()) === removedAtOnce);
    },
    async list(prefix, signal, cursor = '') {
      assertPrefix(prefix)
      return untilDone(listKeys(site, prefix, cursor, pageSize + 1), signal, ({ rows }) => {
        const found = rows.flatMap(({ key }) => (typeof key === 'string' ? [key] : []))
        const keys = found.slice(0, pageSize)
        const last = keys.at(-1)
        return found.length > keys.length && last !== undefined ? { keys, next: last } : { keys }
      })
    },
  }
}

const textOf = (value: StoreValue) => JSON.stringify(value)

/**
 * Reads a row. Throws `StoreUnavailable` if its value is not one that this store writes, because an unreadable record must not
 * count as absent.
 */
function storedOf(row: Row | undefined): Stored | null {
  if (row === undefined) throw new StoreUnavailable('a read gave no row')
  const { value: text, version } = row
  if (text === null) return null
  const value = typeof text === 'string' ? jsonOf(text) : undefined
  if (typeof version !== 'string' || version === '' || !isObject(value)) {
    throw new StoreUnavailable('a stored record is not one of ours')
  }
  return { value, version }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal })
  } catch {
    throw new StoreUnavailable('the request ran out of time')
  }
}
