import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'

const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })

/** An MCP server with two tools. Each request gets a server of its own. */
export function createNotes(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('read_notes', { description: 'Reads the notes of the user' }, ({ authInfo }) =>
    text(`the notes of ${authInfo?.extra?.subject}, who uses ${authInfo?.clientId}`),
  )
  server.registerTool('write_note', { description: 'Writes a note' }, () => text('written'))
  return server
}
