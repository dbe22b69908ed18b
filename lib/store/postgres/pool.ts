import { untilAborted } from '../../base/deadline.ts'
import type { Connection } from './connection.ts'

export interface PoolOptions {
  readonly connect: () => Promise<Connection>
  /** The most connections at the same time. */
  readonly size: number
  /**
   * Milliseconds for which a connection may be idle. The platform freezes a function between its requests, without a timer
   * running: a connection that has been idle for longer may be dead without a sign, and is not used again.
   */
  readonly idleTimeout: number
  /** Milliseconds since the epoch. This clock goes on while a function is frozen. */
  readonly now: () => number
}

/** Connections to one database. Callers wait in order where all of them are in use. */
export interface Pool {
  /** Takes a connection. Rejects as soon as `signal` fires, and with `CannotConnect`. */
  take(signal: AbortSignal): Promise<Connection>
  /** Gives a connection back. One that has ended makes room for another. */
  give(connection: Connection): void
  /** Closes the idle connections, and every other one when it is given back. */
  end(): void
}

type Waiter = ReturnType<typeof Promise.withResolvers<Connection>>

export function createPool({ connect, size, idleTimeout, now }: PoolOptions): Pool {
  /** The one that was used last is at the end, and is taken first. */
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
   * Makes connections while callers wait and there is room. Where the server has no connection left for this instance, the callers
   * wait for one that the instance has.
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
        // A connection that came at the same moment goes to the next caller.
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
