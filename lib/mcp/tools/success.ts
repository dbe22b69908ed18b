import type { CallToolResult } from '@modelcontextprotocol/server'
import { toJson } from '../../base/well-formed.ts'

/** The result of a tool of ours: the same as data and as text, for clients that read only one of them. */
export function success(data: Readonly<Record<string, unknown>>): CallToolResult {
  return { content: [{ type: 'text', text: toJson(data) }], structuredContent: { ...data } }
}
