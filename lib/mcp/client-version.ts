import type { Call } from '../base/call.ts'
import { isObject } from '../base/json.ts'
import type { AccessToken } from '../resource-server/bearer.ts'

/** Told of the version that the client of a token says it has. Returns at once: work that takes time belongs into `waitUntil`. */
export type RecordClientVersion = (token: AccessToken, version: string, call: Pick<Call, 'waitUntil'>) => void

/** Longest version that is looked at. */
const longest = 64
const meta = 'io.modelcontextprotocol/clientInfo'

/**
 * Finds the version that a client says it has: in `initialize` (the 2025 revisions), or with any request (MCP 2026-07-28). Only its
 * numbers count, such as `2.1.332`: what a client writes beside them may be anything.
 */
export function clientVersionIn(content: unknown): string | undefined {
  for (const message of [content].flat()) {
    if (!isObject(message) || !isObject(message.params)) continue
    const { clientInfo, _meta } = message.params
    const info = message.method === 'initialize' ? clientInfo : isObject(_meta) ? _meta[meta] : undefined
    const version = isObject(info) ? info.version : undefined
    if (typeof version !== 'string' || version.length > longest) continue
    const [, numbers] = /^v?(\d{1,6}(?:\.\d{1,6}){0,3})(?![\w])/i.exec(version) ?? []
    if (numbers !== undefined) return numbers
  }
  return undefined
}
