import { ProtocolError } from '@modelcontextprotocol/server'
import { untilAborted } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { createCaller, type Report, type Timeouts } from './calls.ts'
import type { McpConnection } from './connection.ts'

export interface McpClientOptions extends Timeouts {
  /** The name of the server, for telemetry. */
  readonly name: string
  readonly url: string
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** The name and version that we give in the handshake. */
  readonly client: { readonly name: string; readonly version: string }
  readonly report: Report
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/**
 * Calls the tools of an MCP server that answers some of ours. All calls of an instance share one connection, which is
 * replaced after an error.
 */
export function createMcpClient(options: McpClientOptions) {
  const { name: server, url, headers = {}, client, connectTimeout = 8_000, callTimeout = 22_000 } = options
  const caller = createCaller(options)
  let connection: Promise<McpConnection> | undefined

  /** Shared by concurrent callers; one that disconnects does not cancel it. */
  function connect(): Promise<McpConnection> {
    if (connection !== undefined) return connection
    // Loaded at the first call: most requests of a new instance only list the tools.
    const opening = import('./connection.ts').then(({ connectToMcpServer }) =>
      connectToMcpServer({ name: server, url, headers, clientInfo: client, connectTimeout }),
    )
    connection = opening
    opening.catch(() => forget(opening))
    return opening
  }

  function forget(used: Promise<McpConnection>): void {
    if (connection === used) connection = undefined
  }

  return {
    /** Never throws. Arguments are never logged. `user` goes into `_meta.user` as it is. */
    call: (
      name: string,
      args: Readonly<Record<string, unknown>>,
      { user, signal }: { readonly user?: object | undefined; readonly signal: AbortSignal },
    ) =>
      caller.call(
        async (saysWho, signal) => {
          const used = connect()
          try {
            const connected = await untilAborted(used, signal)
            const params = defined({ name, arguments: args, _meta: saysWho ? { user } : undefined })
            return await connected.callTool(params, { signal, timeout: callTimeout })
          } catch (error) {
            // An error that the server spelled out came over a sound connection, and so did a cancelled call.
            if (!(error instanceof ProtocolError) && !signal.aborted) forget(used)
            throw error
          }
        },
        { saysWho: user !== undefined, signal },
      ),
  }
}
