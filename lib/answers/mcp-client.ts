import { ProtocolError } from '@modelcontextprotocol/server'
import type { LogFields } from '../base/log.ts'
import { createCaller, type UpstreamAnswer, type UpstreamTimings } from './calls.ts'
import { connectUpstream, type UpstreamConnection, unlessAborted } from './connection.ts'

export interface UpstreamServerOptions extends UpstreamTimings {
  readonly url: string
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** How we introduce ourselves. */
  readonly client: { readonly name: string; readonly version: string }
  readonly report: (ended: 'answered' | 'failed', fields: LogFields) => void
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** An MCP server that answers some of our tools. */
export interface UpstreamServer {
  /** Never throws. Arguments are never logged. `user` goes into `_meta.user` as it is. */
  call(
    tool: string,
    args: Readonly<Record<string, unknown>>,
    options: { readonly user?: object | undefined; readonly signal: AbortSignal },
  ): Promise<UpstreamAnswer>
}

/** One connection is shared by all calls of a warm instance, and replaced after an error. */
export function createUpstreamServer(options: UpstreamServerOptions): UpstreamServer {
  const { url, headers = {}, client, connectTimeout = 8_000, callTimeout = 22_000 } = options
  const caller = createCaller(options)
  let connection: Promise<UpstreamConnection> | undefined

  /** Belongs to no request: whoever comes meanwhile shares it, and one that goes away does not take it along. */
  function connect(): Promise<UpstreamConnection> {
    if (connection !== undefined) return connection
    const opening = connectUpstream({ url, headers, clientInfo: client, connectTimeout })
    connection = opening
    opening.catch(() => forget(opening))
    return opening
  }

  function forget(used: Promise<UpstreamConnection>): void {
    if (connection === used) connection = undefined
  }

  return {
    call: (tool, args, { user, signal }) =>
      caller.call(
        async (saysWho, signal) => {
          const used = connect()
          try {
            const upstream = await unlessAborted(used, signal)
            const call = { name: tool, arguments: args, ...(saysWho && { _meta: { user } }) }
            return await upstream.callTool(call, { signal, timeout: callTimeout })
          } catch (error) {
            // An error that the server spelled out came over a sound connection; one that goes away leaves it as it is.
            if (!(error instanceof ProtocolError) && !signal.aborted) forget(used)
            throw error
          }
        },
        { saysWho: user !== undefined, signal },
      ),
  }
}
