import Client from 'pg/lib/client.js'
import { connectFailureOf, type Failure, failureOf, isReadOnly } from './failure.ts'
import type { Statement } from './statements.ts'

export type Row = { readonly [column: string]: unknown }

/** The outcome of one statement. `count`: the rows that were read or changed. */
export type Answer = { readonly kind: 'done'; readonly rows: readonly Row[]; readonly count: number } | Failure

/** One connection to the database, for one statement at a time. */
export interface Connection {
  /** False once the connection has ended, or must not be used again. */
  readonly usable: boolean
  /**
   * Sends a statement. Never rejects. After `milliseconds` without an answer, it closes the connection, and the outcome is
   * unknown.
   */
  ask(statement: Statement, milliseconds: number): Promise<Answer>
  close(): void
}

/** A connection could not be made. */
export class CannotConnect extends Error {
  override readonly name = 'CannotConnect'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.reason)
    this.failure = failure
  }
}

export interface ConnectionOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  readonly url: string
  /** The timeout for connecting, in milliseconds. A database that is scaled to zero takes a few hundred. */
  readonly connectTimeout: number
  /** Milliseconds after which the server ends a statement. */
  readonly statementTimeout: number
  /** Milliseconds after which the server ends an idle connection, such as one of a function that stays frozen. */
  readonly sessionTimeout: number
}

/**
 * Makes the function that connects. It sends the server's timeouts as settings of the connection. PgBouncer refuses settings that
 * it does not know. The function then connects without them, and does so at once if the host is one of Neon's poolers.
 */
export function createConnect(options: ConnectionOptions): () => Promise<Connection> {
  const { url, connectTimeout, statementTimeout, sessionTimeout } = options
  const settings = `-c statement_timeout=${statementTimeout} -c idle_session_timeout=${sessionTimeout}`
  let isPooler = /-pooler\./.test(URL.parse(url)?.hostname ?? '')

  const connectOnce = async (): Promise<Connection> => {
    const client = new Client({
      // The client checks the certificate in all of these modes. For the first two it warns at each start that this may change.
      connectionString: url.replace(/([?&]sslmode=)(?:require|verify-ca)\b/, '$1verify-full'),
      connectionTimeoutMillis: connectTimeout,
      ...(!isPooler && { options: settings }),
      fallback_application_name: 'mcp-oauth-broker',
      keepAlive: true,
    })
    const connection = wrap(client)
    await client.connect()
    return connection
  }

  return async () => {
    try {
      return await connectOnce().catch((error: unknown) => {
        if (isPooler || !/unsupported startup parameter/.test(String(error))) throw error
        isPooler = true
        return connectOnce()
      })
    } catch (error) {
      throw new CannotConnect(connectFailureOf(error))
    }
  }
}

function wrap(client: Client): Connection {
  let usable = true
  const close = () => {
    usable = false
    client.end().catch(() => {})
  }
  // This event tells that an idle connection has ended. Without a listener, it would end the process.
  client.on('error', close)
  client.on('end', () => {
    usable = false
  })
  return {
    get usable() {
      return usable
    },
    async ask({ text, values }, milliseconds) {
      const timer = setTimeout(close, milliseconds)
      try {
        client.ref()
        const { rows, rowCount } = await client.query(text, [...values])
        if (rows[0]?.standby === true) {
          close()
          return { kind: 'not done', reason: 'the database is a standby' }
        }
        return { kind: 'done', rows, count: rowCount ?? 0 }
      } catch (error) {
        const failure = failureOf(error)
        if (failure.kind === 'unknown' || isReadOnly(error)) close()
        return failure
      } finally {
        clearTimeout(timer)
        // An idle connection does not keep the process running.
        if (usable) client.unref()
      }
    },
    close,
  }
}
