import type { CallToolResult, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server'
import { isTooDeep } from '../../base/json.ts'
import { wellFormedTexts } from '../../base/well-formed.ts'
import { securitySchemes } from './access.ts'
import { failure, outcomeOf, withOutcomeOf } from './failure.ts'
import { sendProgress } from './progress.ts'
import { jsonSchema } from './schema.ts'
import { logCall, type ObjectSchema, type Tool, type ToolCall, type ToolCaller, type ToolProfile } from './tool.ts'

/** What a tool promises (MCP, "Tool Annotations"): hints for the client's rules about asking the user. */
type ToolHints = Required<Pick<ToolAnnotations, 'readOnlyHint' | 'openWorldHint'>> & ToolAnnotations

export interface ToolOptions<Input> extends ToolProfile {
  readonly hints: ToolHints
  /** `Input` is what `input` describes. */
  readonly input: ObjectSchema
  readonly output: ObjectSchema
  /** The progress message for a client that asks for progress. Absent: the tool answers at once. */
  readonly progress?: string
  run(input: Input, call: ToolCall): Promise<CallToolResult> | CallToolResult
}

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

  async function answer(
    args: unknown,
    { token, client, log }: ToolCaller,
    { mcpReq }: ServerContext,
  ): Promise<CallToolResult> {
    const checked = await input.check(args)
    if (checked.problem !== undefined) return failure({ error: 'invalid_arguments', message: checked.problem })
    const stopProgress = progress === undefined ? () => {} : sendProgress(mcpReq, progress)
    try {
      const result = await run(checked.value, { token, client, signal: mcpReq.signal })
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
