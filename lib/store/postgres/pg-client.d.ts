/** The part of `pg` that `connection.ts` uses. The package has no types of its own for this file. */
declare module 'pg/lib/client.js' {
  import type { EventEmitter } from 'node:events'

  export interface Result {
    readonly rows: readonly { readonly [column: string]: unknown }[]
    readonly rowCount: number | null
  }

  export default class Client extends EventEmitter {
    constructor(config: {
      readonly connectionString: string
      /** Milliseconds. */
      readonly connectionTimeoutMillis: number
      /** Settings of the server for this connection. A pooler may refuse them. */
      readonly options?: string
      readonly fallback_application_name: string
      readonly keepAlive: boolean
    })
    connect(): Promise<void>
    /** Sends one statement with parameters (extended protocol), or several statements without parameters (simple protocol). */
    query(text: string, values?: readonly unknown[]): Promise<Result>
    /** Ends the connection, also while a statement runs. */
    end(): Promise<void>
    ref(): void
    unref(): void
  }
}
