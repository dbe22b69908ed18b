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
    /** One statement with parameters by the extended protocol, or several without by the simple one. */
    query(text: string, values?: readonly unknown[]): Promise<Result>
    /** Ends the connection. A running statement is cut off. */
    end(): Promise<void>
    ref(): void
    unref(): void
  }
}
