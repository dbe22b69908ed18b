import { type CallToolResult, type StandardSchemaV1, specTypeSchemas } from '@modelcontextprotocol/server'
import { defined } from '../base/defined.ts'
import { isObject, isTooDeep } from '../base/json.ts'

/**
 * Validates the result of another server's tool, and keeps what we pass on: `content`, `structuredContent` and `isError`.
 * It drops items that are malformed and members that are null; a result of which nothing is left is refused. `_meta` is
 * left out: in it, the other server could challenge clients in our name (S-19).
 */
export const toolResult: StandardSchemaV1<unknown, CallToolResult> = {
  '~standard': {
    version: 1,
    vendor: 'mcp-oauth-broker',
    validate(value) {
      const { content, structuredContent, isError } = membersOf(value)
      const items = Array.isArray(content) ? content.flatMap(usableItem) : []
      const data = isObject(structuredContent) && !isTooDeep(structuredContent) ? structuredContent : undefined
      const isLost = items.length === 0 && hasItems(content)
      const isUnusable = data === undefined && (isLost || structuredContent !== undefined)
      if (!isObject(value) || (items.length === 0 && isUnusable && isError !== true)) {
        return { issues: [{ message: 'no result of a tool' }] }
      }
      const flag = typeof isError === 'boolean' ? isError : undefined
      return { value: { content: items, ...defined({ structuredContent: data, isError: flag }) } }
    },
  },
}

const hasItems = (content: unknown) => (Array.isArray(content) ? content.length > 0 : content !== undefined)

function usableItem(item: unknown): CallToolResult['content'] {
  if (isTooDeep(item)) return []
  const { annotations, _meta, ...bare } = membersOf(item)
  // An item may be sound although the hints about it are not.
  for (const one of [{ ...bare, annotations, _meta }, bare]) {
    const result = specTypeSchemas.ContentBlock['~standard'].validate(membersOf(one))
    // The SDK's schemas are synchronous.
    if (!(result instanceof Promise) && !result.issues) return [result.value]
  }
  return []
}

/** The members of an object that are not null. */
const membersOf = (value: unknown): Record<string, unknown> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) : {}
