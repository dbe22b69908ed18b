import { untilAborted, withDeadline } from '../../base/deadline.ts'
import { whenNeeded } from '../../base/when-needed.ts'
import { StoreUnavailable } from '../store.ts'
import { type Answer, CannotConnect, type Connection, createConnect } from './connection.ts'
import { createPool } from './pool.ts'
import { askForSchema, oldestServer, requiredMigration, type Statement } from './statements.ts'

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  readonly url: string
  /** The most connections of this instance; default 5. */
  readonly connections?: number
  /** Milliseconds for one statement, and also to wait for a connection. Default 2,000. */
  readonly attemptTimeout?: number
  /** Milliseconds to connect in; default 5,000. */
  readonly connectTimeout?: number
  /** Milliseconds after which an idle connection is not used again; default 30,000. */
  readonly idleTimeout?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Called with each new reason why the database refuses statements for good. The reason contains no value, address or name. */
  readonly onRefusal?: (reason: string) => void
}

/** A database, whose schema has been checked, behind a bounded pool of connections. */
export interface Database {
  /**
   * Sends a statement once. Throws `StoreUnavailable` as soon as `signal` fires, and if the database refuses the statement for
   * good. After `signal` has fired, the statement still ends by itself, and its connection is used again.
   */
  ask(statement: Statement, signal: AbortSignal): Promise<Answer>
  /** Closes the connections. Statements under way finish. */
  close(): void
}

export function openDatabase(options: DatabaseOptions): Database {
  const { connections: size = 5, attemptTimeout = 2_000, connectTimeout = 5_000, idleTimeout = 30_000 } = options
  const { url, now = Date.now, onRefusal = () => {} } = options
  const pool = createPool({
    connect: createConnect({
      url,
      connectTimeout,
      // The server's own timeout is shorter than ours, because its answer tells that the statement had no effect.
      statementTimeout: Math.ceil(attemptTimeout * 0.8),
      sessionTimeout: idleTimeout * 2,
    }),
    size,
    idleTimeout,
    now,
  })
  const reported = new Set<string>()

  function refuse(reason: string): never {
    if (!reported.has(reason)) onRefusal(reason)
    reported.add(reason)
    throw new StoreUnavailable(reason)
  }

  async function send(statement: Statement, signal?: AbortSignal): Promise<Answer> {
    let connection: Connection
    try {
      connection = await withDeadline(connectTimeout, (limited) => pool.take(limited), signal)
    } catch (error) {
      if (signal?.aborted) throw outOfTime()
      if (error instanceof CannotConnect) return error.failure
      return { kind: 'not done', reason: 'no connection to the database was free in time' }
    }
    const answer = connection.ask(statement, attemptTimeout).finally(() => pool.give(connection))
    return signal ? inTime(answer, signal) : answer
  }

  /** Checks the server and its schema once for each instance. A failure is not remembered, since a migration may follow. */
  const checked = whenNeeded(async () => {
    const answer = await send(askForSchema)
    if (answer.kind === 'refused') return refuse(answer.reason)
    if (answer.kind !== 'done') throw new Unchecked(answer.reason)
    const { server, migration } = answer.rows[0] ?? {}
    if (!(Number(server) >= oldestServer)) return refuse('the server is older than PostgreSQL 15')
    if (Number(migration) < requiredMigration) {
      return refuse(`the database lacks migration ${requiredMigration}: npm run store -- migrate`)
    }
  })

  return {
    async ask(statement, signal) {
      if (signal.aborted) throw outOfTime()
      try {
        await inTime(checked(), signal)
      } catch (error) {
        // Nothing was sent yet, so the caller may repeat its statement.
        if (error instanceof Unchecked) return { kind: 'not done', reason: error.message }
        throw error
      }
      const answer = await send(statement, signal)
      return answer.kind === 'refused' ? refuse(answer.reason) : answer
    },
    close: pool.end,
  }
}

/** The check of the schema got no clear answer. */
class Unchecked extends Error {}

/** Settles as `work` does, and throws `StoreUnavailable` as soon as the signal fires. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await untilAborted(work, signal)
  } catch (error) {
    if (signal.aborted) throw outOfTime()
    throw error
  }
}

function outOfTime(): StoreUnavailable {
  return new StoreUnavailable('the request ran out of time')
}
