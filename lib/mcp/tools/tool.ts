import { hash } from 'node:crypto'
import {
  type CallToolResult,
  type JsonSchemaType,
  type Tool as ListedTool,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Log } from '../../base/log.ts'
import type { AccessToken } from '../../resource-server/bearer.ts'
import type { RunningCall } from '../ended-call.ts'
import type { Access, SecurityScheme } from './access.ts'

/** What a tool learns about its caller. */
export interface ToolCall {
  /** The verified token of this very request (S-14); `undefined`: the caller is anonymous. */
  readonly token: AccessToken | undefined
  /** Fires when the client disconnects or cancels the call. */
  readonly signal: AbortSignal
  /** The client as it names itself, unverified. The 2025 revisions say it at the connection only, so that it is `undefined`. */
  readonly client?: { readonly name: string; readonly version: string } | undefined
}

/** What every tool says of itself. */
export interface ToolProfile {
  readonly name: string
  readonly title: string
  /** Tells the model when to use the tool. */
  readonly description: string
  readonly access: Access
}

/** What tools take and return: a JSON Schema of an object, as the list carries it. */
export type ObjectSchema = JsonSchemaType & ListedTool['inputSchema']

/** A tool in `tools/list`. Only ChatGPT reads `securitySchemes`: at the top, and earlier in `_meta` (S-19). */
export type ToolInList = ListedTool & { readonly securitySchemes: readonly SecurityScheme[] }

/** A tool as the endpoint knows it, made once per instance. */
export interface Tool extends ToolProfile {
  /** The tool in `tools/list`. */
  listed(requireAuth: boolean): ToolInList | Promise<ToolInList>
  /** Never throws. `args` are unchecked. */
  call(args: unknown, caller: ToolCaller, context: ServerContext): Promise<CallToolResult>
}

/** The caller of a tool, and the log of the endpoint. */
export interface ToolCaller {
  readonly token: AccessToken | undefined
  /** Whether all users have to sign in, which the list of tools says. */
  readonly requireAuth: boolean
  readonly log: Log
  /** As in `ToolCall`. */
  readonly client?: ToolCall['client']
  /** The one call of this request, to be recorded. Absent: it is not recorded. */
  readonly running?: RunningCall | undefined
}

/** Checks the parameters of `tools/list` by code that is loaded with the tools: no client connects with this request. */
const listParameters = {
  '~standard': {
    version: 1,
    vendor: 'json-schema',
    validate: async (value: unknown) => (await import('./schema.ts')).listParameters['~standard'].validate(value),
  },
} as const

/**
 * Registers tools with a server, in this order, by handlers of our own: the SDK's list has no `securitySchemes` and answers
 * -32603 to a wrong cursor, and its object of tools has members such as `constructor`.
 */
export function registerTools({ server }: McpServer, tools: readonly Tool[], caller: ToolCaller): void {
  const named = new Map(tools.map((tool) => [tool.name, tool]))
  server.setRequestHandler('tools/list', { params: listParameters }, async () => ({
    tools: await Promise.all(tools.map((tool) => tool.listed(caller.requireAuth))),
  }))
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const tool = named.get(params.name)
    if (!tool) {
      logCall(caller, 'unknown', 'unknown_tool', 0)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${params.name} not found`)
    }
    return tool.call(params.arguments ?? {}, { ...caller, client: server.getClientVersion() }, context)
  })
}

/**
 * Makes a tool of its profile alone. Its code is loaded when a client lists the tools or calls one.
 *
 * @param load returns all tools
 */
export function loadedWhenUsed(profile: ToolProfile, load: () => Promise<readonly Tool[]>): Tool {
  const loaded = async () => {
    const tool = (await load()).find(({ name }) => name === profile.name)
    if (!tool) throw new TypeError(`there is no tool ${profile.name}`)
    return tool
  }
  return {
    ...profile,
    listed: async (requireAuth) => (await loaded()).listed(requireAuth),
    call: async (...given) => (await loaded()).call(...given),
  }
}

/** Logs one line for each call (O-12), without anything that was asked, and ends its record. */
export function logCall(
  { token, log, running }: ToolCaller,
  tool: string,
  outcome: string,
  milliseconds: number,
): void {
  log('mcp_call', { ...callerInLog(token), tool, outcome, ms: Math.round(milliseconds) })
  running?.end(outcome)
}

/** The user and the client of a call, as every line of the log names them. */
export const callerInLog = (token: AccessToken | undefined) =>
  token && { sub: token.sub, client: hash('sha256', token.clientId, 'base64url') }
