import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import Fastify from 'fastify'
import { forFastify } from 'mcp-oauth-broker/resource-server/fastify'
import { createNotes } from './notes.ts'
import { port, resourceServer } from './resource-server.ts'

const { metadata, protect } = forFastify(resourceServer)
const app = Fastify()
app.addHook('onRequest', metadata)
app.all('/mcp', protect, async (request, reply) => {
  reply.hijack()
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  await createNotes().connect(transport)
  await transport.handleRequest(request.raw, reply.raw, request.body)
})

await app.listen({ port, host: 'localhost' })
console.log('listening')
