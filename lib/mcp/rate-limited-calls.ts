/** A message that calls a tool. */
export interface ToolCall {
  /** `null`: it has none, or none that an answer could name. */
  readonly id: string | number | null
}

/**
 * The calls of tools in a body: one message, or a batch of them (MCP 2025-03-26). Decoded as the SDK decodes it, a byte
 * order mark included: what it would answer must not escape the count. What is no JSON calls nothing; the SDK says so.
 */
export function toolCallsIn(body: Uint8Array): readonly ToolCall[] {
  try {
    const message: unknown = JSON.parse(new TextDecoder().decode(body))
    return [message]
      .flat()
      .filter(isToolCall)
      .map(({ id }) => ({ id: answerable(id) }))
  } catch {
    return []
  }
}

function isToolCall(message: unknown): message is { readonly method: string; readonly id?: unknown } {
  return typeof message === 'object' && message !== null && 'method' in message && message.method === 'tools/call'
}

const answerable = (id: unknown) => (typeof id === 'string' || typeof id === 'number' ? id : null)
