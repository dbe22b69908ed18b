import { untilAborted } from '../../base/deadline.ts'
import type { Connection } from './connection.ts'

export interface PoolOptions {
  readonly connect: () => Promise<Connection>
  /** The most connections at the same time. */
  readonly size: number
  /**
   * Milliseconds for which a connection may be idle. The platform freezes a function between its requests, and no timer runs
   * then. A connection that was idle for longer may have ended unnoticed, so it is not used again.
   */
  readonly idleTimeout: number
  /** Milliseconds since the epoch. This clock must continue while a function is frozen. */
  readonly now: () => number
}

/** Connections to one database. If all connections are in use, callers wait in order. */
export interface Pool {
  /** Takes a connection. Rejects as soon as `signal` fires, and with `CannotConnect`. */
  take(signal: AbortSignal): Promise<Connection>
  /** Gives a connection back. If it has ended, the pool can open another one. */
  give(connection: Connection): void
  /** Closes the idle connections at once, and the others when they are given back. */
  end(): void
}

type Waiter = ReturnType<typeof Promise.withResolvers<Connection>>

export function createPool({ connect, size, idleTimeout, now }: PoolOptions): Pool {
  /** The connection that was used last is at the end, and is taken first. */
  const idle: { readonly connection: Connection; readonly since: number }[] = []
  const waiting: Waiter[] = []
  let count = 0
  let ended = false

  function takeIdle(): Connection | undefined {
    for (let known = idle.pop(); known; known = idle.pop()) {
      const { connection, since } = known
      if (connection.usable && now() - since <= idleTimeout) return connection
      connection.close()
      count -= 1
    }
    return undefined
  }

  /**
   * Opens connections while callers wait and the limit allows it. If the server refuses a further connection, the callers wait
   * for one of the existing connections.
   */
  async function grow(): Promise<void> {
    if (count >= size || waiting.length === 0) return
    count += 1
    try {
      give(await connect())
    } catch (error) {
      count -= 1
      if (count > 0) return
      waiting.shift()?.reject(error)
      void grow()
    }
  }

  function give(connection: Connection): void {
    if (!connection.usable || ended) {
      connection.close()
      count -= 1
      void grow()
      return
    }
    const next = waiting.shift()
    if (next) next.resolve(connection)
    else idle.push({ connection, since: now() })
  }

  return {
    async take(signal) {
      const known = takeIdle()
      if (known) return known
      const waiter: Waiter = Promise.withResolvers()
      waiting.push(waiter)
      void grow()
      try {
        return await untilAborted(waiter.promise, signal)
      } catch (error) {
        const index = waiting.indexOf(waiter)
        if (index >= 0) waiting.splice(index, 1)
        // A connection that arrives at the same moment goes to the next caller.
        else void waiter.promise.then(give, () => {})
        throw error
      }
    },
    give,
    end() {
      ended = true
      for (let known = takeIdle(); known; known = takeIdle()) {
        known.close()
        count -= 1
      }
    },
  }
}
