import { serve } from '@hono/node-server'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { protect } from 'mcp-oauth-broker/resource-server'
import { createNotes } from './notes.ts'
import { port, resourceServer } from './resource-server.ts'

/** For every platform whose handlers take a `Request` and return a `Response`. */
const fetch = protect(resourceServer, async (request, caller) => {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await createNotes().connect(transport)
  return transport.handleRequest(request, caller)
})

serve({ fetch, port }, () => console.log('listening'))
