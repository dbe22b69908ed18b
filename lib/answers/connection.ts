import {
  type BaseContext,
  type Implementation,
  LATEST_PROTOCOL_VERSION,
  Protocol,
  type StandardSchemaV1,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import { untilAborted, withDeadline } from '../base/deadline.ts'
import { isObject } from '../base/json.ts'
import { MalformedAnswer } from './errors.ts'
import { toolResult } from './tool-result.ts'
import { StreamableHttpClientTransport } from './transport.ts'

export type McpConnection = Awaited<ReturnType<typeof connectToMcpServer>>

/** The parameters of `tools/call`. */
export interface ToolCallParams {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly _meta?: Readonly<Record<string, unknown>> | undefined
}

export interface McpConnectionOptions {
  /** The name of the server, for telemetry. */
  readonly name: string
  readonly url: string
  /** Sent with every request. */
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
export async function connectToMcpServer(options: McpConnectionOptions) {
  const { name, url, headers, clientInfo, connectTimeout } = options
  const transport = new StreamableHttpClientTransport(name, url, headers)
  const protocol = new ClientProtocol()
  const shakeHands = async (signal: AbortSignal) => {
    await protocol.connect(transport)
    const { protocolVersion } = await protocol.request(
      { method: 'initialize', params: { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo } },
      initializeResult,
      { signal, timeout: connectTimeout },
    )
    if (!SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion)) {
      throw new MalformedAnswer('a protocol version that we do not speak')
    }
    transport.protocolVersion = protocolVersion
    // A server that refuses the notification also refuses the call that follows, or answers it all the same.
    const told = protocol.notification({ method: 'notifications/initialized' }).catch(() => {})
    await untilAborted(told, signal)
  }
  try {
    await withDeadline(connectTimeout, shakeHands)
  } catch (error) {
    await protocol.close()
    throw error
  }
  return {
    /** Lists the names of the tools on the first page. Throws as `callTool` does. */
    async toolNames(signal: AbortSignal): Promise<readonly string[]> {
      const listed = protocol.request({ method: 'tools/list', params: {} }, toolsResult, {
        signal,
        timeout: connectTimeout,
      })
      return untilAborted(listed, signal).finally(() => protocol.close())
    },
    /**
     * Calls a tool and returns its result, `isError` included, as far as `toolResult` passes it on. `timeout` in
     * milliseconds. Throws the errors of the transport, `SdkError` (timeout, cancelled) or `ProtocolError` (the server's
     * own error).
     */
    async callTool(
      params: ToolCallParams,
      { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number },
    ) {
      return protocol.request({ method: 'tools/call', params: { ...params } }, toolResult, { signal, timeout })
    },
  }
}

/** Reads only the version. Odd or missing values in other members of the handshake do not cause a failure. */
const initializeResult: StandardSchemaV1<unknown, { readonly protocolVersion: string }> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-oauth-broker',
    validate(value) {
      const version = isObject(value) && value.protocolVersion
      return typeof version === 'string'
        ? { value: { protocolVersion: version } }
        : { issues: [{ message: 'no protocol version' }] }
    },
  },
}

/** Reads only the names. */
const toolsResult: StandardSchemaV1<unknown, readonly string[]> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-oauth-broker',
    validate(value) {
      const tools = isObject(value) && value.tools
      if (!Array.isArray(tools)) return { issues: [{ message: 'no list of tools' }] }
      return {
        value: tools.flatMap((tool: unknown) => (isObject(tool) && typeof tool.name === 'string' ? [tool.name] : [])),
      }
    },
  },
}
