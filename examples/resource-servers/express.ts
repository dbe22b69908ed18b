import { randomUUID } from 'node:crypto'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { callerOf } from 'mcp-oauth-broker/resource-server'
import { authOf, forExpress } from 'mcp-oauth-broker/resource-server/express'
import { createNotes } from './notes.ts'
import { port, resourceServer } from './resource-server.ts'

/** The sessions of both transports, and who has opened each. */
const sessions = new Map<string, { readonly transport: StreamableHTTPServerTransport; readonly caller: string }>()
const connections = new Map<string, { readonly transport: SSEServerTransport; readonly caller: string }>()

const { metadata, protect } = forExpress(resourceServer)
const app = express()
app.use(metadata)

app.all('/mcp', protect, async (request, response) => {
  const caller = callerOf(authOf(request))
  const id = request.get('mcp-session-id')
  const session = id === undefined ? undefined : sessions.get(id)
  // A session belongs to the user and the client that have opened it.
  if (id !== undefined && session?.caller !== caller) return void response.status(404).end()
  if (session) return session.transport.handleRequest(request, response, request.body)
  const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (opened) => void sessions.set(opened, { transport, caller }),
    onsessionclosed: (closed) => void sessions.delete(closed),
  })
  await createNotes().connect(transport)
  return transport.handleRequest(request, response, request.body)
})

// The transport of 2024.
app.get('/sse', protect, async (request, response) => {
  const transport = new SSEServerTransport('/messages', response)
  connections.set(transport.sessionId, { transport, caller: callerOf(authOf(request)) })
  response.on('close', () => connections.delete(transport.sessionId))
  await createNotes().connect(transport)
})
app.post('/messages', protect, async (request, response) => {
  const connection = connections.get(String(request.query.sessionId))
  if (connection?.caller !== callerOf(authOf(request))) return void response.status(404).end()
  await connection.transport.handlePostMessage(request, response, request.body)
})

app.listen(port, 'localhost', () => console.log('listening'))
