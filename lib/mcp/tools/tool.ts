import { hash } from 'node:crypto'
import {
  type CallToolResult,
  type JsonSchemaType,
  type Tool as ListedTool,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  type ToolAnnotations,
} from '@modelcontextprotocol/server'
import { isTooDeep } from '../../base/json.ts'
import type { Log } from '../../base/log.ts'
import { wellFormedTexts } from '../../base/well-formed.ts'
import type { AccessToken } from '../../resource-server/bearer.ts'
import type { RunningCall } from '../ended-call.ts'
import { type Access, type SecurityScheme, securitySchemes } from './access.ts'
import { failure, outcomeOf, withOutcomeOf } from './failure.ts'
import { sendProgress } from './progress.ts'
import { jsonSchema } from './schema.ts'

/** What a tool learns about its caller. */
export interface ToolCall {
  /** The verified token of this very request (S-14); `undefined`: the caller is anonymous. */
  readonly token: AccessToken | undefined
  /** Fires when the client disconnects or cancels the call. */
  readonly signal: AbortSignal
}

/** What every tool says of itself. */
export interface ToolProfile {
  readonly name: string
  readonly title: string
  /** Tells the model when to use the tool. */
  readonly description: string
  readonly access: Access
}

/** What a tool promises (MCP, "Tool Annotations"): hints for the client's rules about asking the user. */
type ToolHints = Required<Pick<ToolAnnotations, 'readOnlyHint' | 'openWorldHint'>> & ToolAnnotations

/** What tools take and return: a JSON Schema of an object, as the list carries it. */
export type ObjectSchema = JsonSchemaType & ListedTool['inputSchema']

export interface ToolOptions<Input> extends ToolProfile {
  readonly hints: ToolHints
  /** `Input` is what `input` describes. */
  readonly input: ObjectSchema
  readonly output: ObjectSchema
  /** The progress message for a client that asks for progress. Absent: the tool answers at once. */
  readonly progress?: string
  run(input: Input, call: ToolCall): Promise<CallToolResult> | CallToolResult
}

/** A tool as the endpoint knows it, made once per instance. */
export interface Tool extends ToolProfile {
  /** The tool in `tools/list`. Only ChatGPT reads `securitySchemes`: at the top, and earlier in `_meta` (S-19). */
  listed(requireAuth: boolean): ListedTool & { readonly securitySchemes: readonly SecurityScheme[] }
  /** Never throws. `args` are unchecked. */
  call(args: unknown, caller: ToolCaller, context: ServerContext): Promise<CallToolResult>
}

/** The caller of a tool, and the log of the endpoint. */
export interface ToolCaller {
  readonly token: AccessToken | undefined
  /** Whether all users have to sign in, which the list of tools says. */
  readonly requireAuth: boolean
  readonly log: Log
  /** The one call of this request, to be recorded. Absent: it is not recorded. */
  readonly running?: RunningCall | undefined
}

/** The parameters of `tools/list`, which has only one page. */
const listParameters = jsonSchema({ type: 'object', properties: { cursor: { type: 'string' } } }).checked

/**
 * Registers tools with a server, in this order, by handlers of our own: the SDK's list has no `securitySchemes` and answers
 * -32603 to a wrong cursor, and its object of tools has members such as `constructor`.
 */
export function registerTools({ server }: McpServer, tools: readonly Tool[], caller: ToolCaller): void {
  const named = new Map(tools.map((tool) => [tool.name, tool]))
  server.setRequestHandler('tools/list', { params: listParameters }, () => ({
    tools: tools.map((tool) => tool.listed(caller.requireAuth)),
  }))
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const tool = named.get(params.name)
    if (!tool) {
      logCall(caller, 'unknown', 'unknown_tool', 0)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${params.name} not found`)
    }
    return tool.call(params.arguments ?? {}, caller, context)
  })
}

/** Logs one line for each call (O-12), without anything that was asked, and ends its record. */
function logCall({ token, log, running }: ToolCaller, tool: string, outcome: string, milliseconds: number): void {
  log('mcp_call', { ...callerInLog(token), tool, outcome, ms: Math.round(milliseconds) })
  running?.end(outcome)
}

/** The user and the client of a call, as every line of the log names them. */
export const callerInLog = (token: AccessToken | undefined) =>
  token && { sub: token.sub, client: hash('sha256', token.clientId, 'base64url') }

/**
 * Defines a tool. It checks the arguments itself rather than in the SDK, so that every failure has the form of `failure`.
 * An unexpected error goes to the log only.
 */
export function defineTool<Input>(options: ToolOptions<Input>): Tool {
  const { name, title, description, access, hints, run, progress } = options
  const texts = { name, title, description }
  const input = jsonSchema<Input>(options.input)

  async function call(args: unknown, caller: ToolCaller, context: ServerContext): Promise<CallToolResult> {
    const started = performance.now()
    caller.running?.run()
    const result = await answer(args, caller, context)
    const outcome = context.mcpReq.signal.aborted ? 'cancelled' : outcomeOf(result)
    logCall(caller, name, outcome, performance.now() - started)
    return result
  }

  async function answer(args: unknown, { token, log }: ToolCaller, { mcpReq }: ServerContext): Promise<CallToolResult> {
    const checked = await input.check(args)
    if (checked.problem !== undefined) return failure({ error: 'invalid_arguments', message: checked.problem })
    const stopProgress = progress === undefined ? () => {} : sendProgress(mcpReq, progress)
    try {
      const result = await run(checked.value, { token, signal: mcpReq.signal })
      if (isTooDeep(result)) throw new RangeError('a result that is nested too deep')
      return withOutcomeOf(result, wellFormedTexts(result))
    } catch (error) {
      log('tool_failed', { tool: name, error: error instanceof Error ? error.name : typeof error })
      return failure({
        error: 'internal_error',
        message: 'The tool failed because of a fault of this server. Try again later.',
      })
    } finally {
      stopProgress()
    }
  }

  return {
    ...texts,
    access,
    listed(requireAuth) {
      const schemes = securitySchemes(access, requireAuth)
      return {
        ...texts,
        inputSchema: options.input,
        outputSchema: options.output,
        annotations: { title, ...hints },
        securitySchemes: schemes,
        _meta: { securitySchemes: schemes },
      }
    },
    call,
  }
}
