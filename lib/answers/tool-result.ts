import { type CallToolResult, type StandardSchemaV1, specTypeSchemas } from '@modelcontextprotocol/server'
import { isTooDeep } from '../base/json.ts'

/**
 * What of the result of a tool can be passed on: one odd item, or a member that is null, takes nothing from the others.
 * A result that holds nothing else is none. What stands beside content, data and `isError` is left out: in `_meta` an
 * upstream could challenge clients in our name (S-19), or speak of caching and of more to ask.
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
      return {
        value: {
          content: items,
          ...(data !== undefined && { structuredContent: data }),
          ...(typeof isError === 'boolean' && { isError }),
        },
      }
    },
  },
}

const hasItems = (content: unknown) => (Array.isArray(content) ? content.length > 0 : content !== undefined)

function usableItem(item: unknown): CallToolResult['content'] {
  if (isTooDeep(item)) return []
  const { annotations, _meta, ...bare } = membersOf(item)
  // Hints about an item may be wrong where it is not.
  for (const one of [{ ...bare, annotations, _meta }, bare]) {
    const { issues, value } = validated(membersOf(one))
    if (issues === undefined && value !== undefined) return [value]
  }
  return []
}

interface Validated {
  readonly issues?: readonly unknown[] | undefined
  readonly value?: CallToolResult['content'][number]
}

function validated(item: object): Validated {
  const result = specTypeSchemas.ContentBlock['~standard'].validate(item)
  // The SDK's schemas have nothing to wait for.
  return result instanceof Promise ? { issues: [] } : result
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Without those that are null. */
const membersOf = (value: unknown): Record<string, unknown> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) : {}
