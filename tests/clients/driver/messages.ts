import type { JsonObject, McpHabits, Opening } from './profile.ts'

/** The newest revision has no handshake: every request describes the client itself (MCP 2026-07-28). */
export const isStateless = ({ version }: Pick<McpHabits, 'version'>) => version === '2026-07-28'

export function message(method: string, params: JsonObject, habits: McpHabits): string {
  const meta = { _meta: metaOf(habits) }
  return JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: isStateless(habits) ? { ...params, ...meta } : params,
  })
}

/** The message of a client that does not know the server's protocol version yet. */
export function openingMessage(method: NonNullable<Opening['message']>, { clientInfo, version }: McpHabits): string {
  return method === 'server/discover'
    ? message(method, {}, { version: '2026-07-28', clientInfo, headers: {}, opensStream: false })
    : JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        method,
        params: { protocolVersion: version, capabilities: {}, clientInfo },
      })
}

const metaOf = ({ version, clientInfo }: McpHabits) => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
})
