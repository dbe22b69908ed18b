import { isObject } from '../../base/json.ts'

/** A call of a tool in a request (JSON-RPC). */
export interface ToolCall {
  readonly id: string | number | null
  readonly tool: string
}

/** The tool calls in the parsed body of a request: a message, or a batch of messages. */
export function toolCallsIn(body: unknown): readonly ToolCall[] {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body]
  return messages.flatMap((message): readonly ToolCall[] => {
    if (!isObject(message) || message.method !== 'tools/call' || !isObject(message.params)) return []
    const { id } = message
    const { name } = message.params
    if (typeof name !== 'string') return []
    return [{ id: typeof id === 'string' || typeof id === 'number' ? id : null, tool: name }]
  })
}
