import { expect } from 'vitest'
import { resource } from './mcp-endpoint.ts'

/** For tests of `/mcp`: the requests that they send, and what they expect of every answer. */

/** A message of the 2025 revisions. */
export function rpc(method: string, params: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 7, method, params })
}

export function post(body: string, headers: Record<string, string> = {}, url = resource): Request {
  const encoded = new TextEncoder().encode(body)
  return new Request(url, { method: 'POST', body: encoded, headers })
}

export const ask = (question: unknown, extra: object = {}) =>
  rpc('tools/call', { name: 'ask_question', arguments: { question, ...extra } })

export interface RpcAnswer {
  readonly id: number
  readonly result: {
    readonly tools: readonly object[]
    readonly isError?: boolean
    readonly content: readonly { readonly type: string; readonly text: string }[]
  }
  readonly error?: { readonly code: number }
}

/** Reads the answer to a message from JSON or an event stream. */
export async function resultOf(response: Response): Promise<RpcAnswer> {
  const text = await response.text()
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text
  return JSON.parse(data)
}

export function expectReadableByBrowsers(response: Response): void {
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  expect(response.headers.get('access-control-expose-headers')).toContain('MCP-Protocol-Version')
  expect(response.headers.get('cache-control')).toBe('no-store')
}
