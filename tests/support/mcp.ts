import * as v from 'valibot'

const result = v.looseObject({
  isError: v.optional(v.boolean(), false),
  content: v.optional(v.array(v.looseObject({ type: v.string(), text: v.optional(v.string(), '') })), []),
  structuredContent: v.optional(v.unknown()),
})
const body = v.looseObject({ result: v.optional(result) })

/** The answer of an MCP endpoint to one message. */
export interface McpAnswer {
  readonly status: number
  readonly headers: Headers
  /** `WWW-Authenticate` */
  readonly challenge: string | null
  /** The JSON-RPC message, or any other body. */
  readonly body: v.InferOutput<typeof body>
}

/**
 * Sends one message of the 2025 revisions, and returns the raw answer. `sendMcp` returns it with types.
 *
 * @param token absent: the caller has not signed in
 */
export async function exchangeMcp(mcpUrl: string, method: string, params: object, token?: string) {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const text = await response.text()
  const { status, headers } = response
  return { status, headers, message: JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) }
}

/** One message, as `exchangeMcp` sends it. */
export async function sendMcp(mcpUrl: string, method: string, params: object, token?: string): Promise<McpAnswer> {
  const { status, headers, message } = await exchangeMcp(mcpUrl, method, params, token)
  return { status, headers, challenge: headers.get('www-authenticate'), body: v.parse(body, message) }
}

/** Calls a tool. */
export const callTool = (mcpUrl: string, name: string, args: object, token?: string) =>
  sendMcp(mcpUrl, 'tools/call', { name, arguments: args }, token)

/** The one text of a failed tool call. @throws Error if the call did not fail, or not in this form */
export function failureIn({ status, body: { result } }: McpAnswer): unknown {
  const [item, ...others] = result?.content ?? []
  if (status !== 200 || !result?.isError || !item || others.length > 0 || result.structuredContent !== undefined) {
    throw new Error(`no failure of a tool: ${status} ${JSON.stringify(result)}`)
  }
  return JSON.parse(item.text)
}

/** The data of a tool's success. @throws Error if it failed, or has none */
export function answerIn({ status, body: { result } }: McpAnswer): unknown {
  if (status === 200 && result && !result.isError && result.structuredContent !== undefined)
    return result.structuredContent
  throw new Error(`no answer of a tool: ${status} ${JSON.stringify(result)}`)
}
