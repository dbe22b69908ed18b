import type { Log } from '../base/log.ts'
import type { Answer } from './calls.ts'
import { createMcpClient, type McpClientOptions } from './mcp-client.ts'

/** The MCP server of an API-reference hub, by Bump's names of tools and arguments. It learns nothing about the user. */
export interface ApiReference {
  listPages(scope: { readonly url?: string }, signal: AbortSignal): Promise<Answer>
  search(
    search: { readonly query: string; readonly url?: string; readonly type?: string },
    signal: AbortSignal,
  ): Promise<Answer>
  getPages(pages: { readonly urls: readonly string[] }, signal: AbortSignal): Promise<Answer>
}

export interface ApiReferenceOptions extends Omit<McpClientOptions, 'name' | 'headers' | 'report'> {
  readonly log: Log
}

export function createApiReference({ log, ...options }: ApiReferenceOptions): ApiReference {
  const server = createMcpClient({
    ...options,
    name: 'hub',
    report: (ended, fields) => (ended === 'answered' ? log('hub_answered', fields) : log('hub_failed', fields)),
  })
  return {
    listPages: (scope, signal) => server.call('list_pages', scope, { signal }),
    search: (search, signal) => server.call('search', search, { signal }),
    getPages: (pages, signal) => server.call('get_pages', pages, { signal }),
  }
}
