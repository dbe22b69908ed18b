import { createServer } from 'node:http'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { callerOf } from 'mcp-oauth-broker/resource-server'
import { protectNode } from 'mcp-oauth-broker/resource-server/node'
import { createNotes } from './notes.ts'
import { port, resourceServer } from './resource-server.ts'

/** The connections of the transport of 2024, and who has opened each. */
const connections = new Map<string, { readonly transport: SSEServerTransport; readonly caller: string }>()

const listener = protectNode(resourceServer, async (request, response, parsedBody) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/mcp') {
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    await createNotes().connect(transport)
    return transport.handleRequest(request, response, parsedBody)
  }
  if (pathname === '/sse') {
    const transport = new SSEServerTransport('/messages', response)
    connections.set(transport.sessionId, { transport, caller: callerOf(request.auth) })
    response.on('close', () => connections.delete(transport.sessionId))
    return createNotes().connect(transport)
  }
  const connection = connections.get(searchParams.get('sessionId') ?? '')
  // A connection belongs to the user and the client that have opened it.
  if (pathname !== '/messages' || connection?.caller !== callerOf(request.auth)) return response.writeHead(404).end()
  return connection.transport.handlePostMessage(request, response, parsedBody)
})

createServer(listener).listen(port, 'localhost', () => console.log('listening'))
