import {
  type BaseContext,
  type CallToolResult,
  type Implementation,
  LATEST_PROTOCOL_VERSION,
  Protocol,
  SdkError,
  SdkErrorCode,
  type StandardSchemaV1,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import { startDeadline } from '../base/deadline.ts'
import { toolResult } from './tool-result.ts'
import { StreamableHttpClientTransport, UpstreamAnswerError } from './transport.ts'

export interface UpstreamConnection {
  /**
   * Calls a tool and returns what it said, `isError` included. Everything else of the result is left out: in `_meta` an
   * upstream could challenge clients in our name (S-19), or speak of caching and of more to ask. `timeout` in milliseconds.
   * Throws the errors of the transport, `SdkError` (timeout, cancelled) or `ProtocolError` (the server's own error).
   */
  callTool(params: ToolCall, options: CallOptions): Promise<CallToolResult>
}

export interface ToolCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly _meta?: Readonly<Record<string, unknown>>
}

export interface CallOptions {
  readonly signal: AbortSignal
  readonly timeout: number
}

export interface UpstreamOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly clientInfo: Implementation
  /** Milliseconds for the whole handshake. */
  readonly connectTimeout: number
}

/** A client that asks and never serves: it offers no capability. */
class ClientProtocol extends Protocol<BaseContext> {
  protected override buildContext(context: BaseContext): BaseContext {
    return context
  }
  protected override assertCapabilityForMethod(): void {}
  protected override assertNotificationCapability(): void {}
  protected override assertRequestHandlerCapability(): void {}
}

/** Connects to an MCP server: `initialize`, then `notifications/initialized` (MCP 2025-11-25, "Lifecycle"). */
export async function connectUpstream(options: UpstreamOptions): Promise<UpstreamConnection> {
  const { url, headers, clientInfo, connectTimeout } = options
  const transport = new StreamableHttpClientTransport(url, headers)
  const protocol = new ClientProtocol()
  const { signal: deadline, end } = startDeadline(connectTimeout)
  try {
    await protocol.connect(transport)
    const { protocolVersion } = await protocol.request(
      { method: 'initialize', params: { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo } },
      handshake,
      { signal: deadline, timeout: connectTimeout },
    )
    if (!SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion)) {
      throw new UpstreamAnswerError('a protocol version that we do not speak')
    }
    transport.protocolVersion = protocolVersion
    // A server that does not like it says so again when it is asked, or answers all the same.
    const told = protocol.notification({ method: 'notifications/initialized' }).catch(() => {})
    await unlessAborted(told, deadline)
  } catch (error) {
    await protocol.close()
    throw error
  } finally {
    end()
  }
  return {
    async callTool(params, { signal, timeout }) {
      return protocol.request({ method: 'tools/call', params: { ...params } }, toolResult, { signal, timeout })
    },
  }
}

/** All that we read of a handshake: whatever else a server says of itself there, or leaves out, cannot cost an answer. */
const handshake: StandardSchemaV1<unknown, { readonly protocolVersion: string }> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-oauth-broker',
    validate(value) {
      const version = typeof value === 'object' && value !== null && 'protocolVersion' in value && value.protocolVersion
      return typeof version === 'string'
        ? { value: { protocolVersion: version } }
        : { issues: [{ message: 'no protocol version' }] }
    },
  },
}

/** Waits for what others wait for too, no longer than one's own signal; then it throws the SDK's timeout error. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(new SdkError(SdkErrorCode.RequestTimeout, 'aborted'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
