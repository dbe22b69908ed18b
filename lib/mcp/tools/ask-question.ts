import type { CallToolResult, McpServer } from '@modelcontextprotocol/server'
import type { KapaClient, KapaUser } from '../kapa.ts'
import { inputSchema } from './input-schema.ts'

export interface AskQuestionOptions {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly kapa: KapaClient
  /** The caller, from this request's own verified token and from nowhere else (S-14). */
  readonly user: KapaUser | undefined
}

/** Characters (UTF-16 units) of a question, after trimming. */
const maximumQuestion = 2_000

const input = inputSchema<{ question: string; top_k?: number }>({
  type: 'object',
  properties: {
    question: {
      type: 'string',
      description: `The question, as one full sentence of at most ${maximumQuestion} characters.`,
    },
    top_k: { type: 'number', description: 'Accepted for older clients; has no effect.' },
  },
  required: ['question'],
})

/**
 * The tool that asks the documentation. Success is the upstream's result, unchanged; a failure is `isError: true` with one
 * text item that holds JSON `{ error, message[, detail, duration_ms] }` (features B5).
 */
export function registerAskQuestion(server: McpServer, options: AskQuestionOptions): void {
  const { name, title, description, kapa, user } = options
  const annotations = { title, readOnlyHint: true, openWorldHint: true }
  server.registerTool(name, { title, description, inputSchema: input, annotations }, async (args, context) => {
    const question = args.question.trim()
    if (question === '') return failure({ error: 'missing_query', message: 'Ask a question: `question` is empty.' })
    if (question.length > maximumQuestion) {
      return failure({
        error: 'query_too_long',
        message: `The question is longer than ${maximumQuestion} characters. Shorten it and ask again.`,
      })
    }
    const answer = await kapa.ask(question, user, context.mcpReq.signal)
    if (answer.kind === 'answer') return answer.result
    return failure({
      error: answer.code,
      message: messages[answer.code],
      detail: answer.detail,
      duration_ms: answer.durationMs,
    })
  })
}

const messages = {
  timeout: 'The documentation search did not answer in time. Try again, or ask a shorter question.',
  upstream_error: 'The documentation search failed. Try again in a moment.',
}

function failure(body: { error: string; message: string; detail?: string; duration_ms?: number }): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: JSON.stringify(body) }] }
}
