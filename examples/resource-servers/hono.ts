import { serve } from '@hono/node-server'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { Hono } from 'hono'
import type { AuthInfo } from 'mcp-oauth-broker/resource-server'
import { forHono } from 'mcp-oauth-broker/resource-server/hono'
import { createNotes } from './notes.ts'
import { port, resourceServer } from './resource-server.ts'

const { metadata, protect } = forHono(resourceServer)
const app = new Hono<{ Variables: { auth: AuthInfo; parsedBody: unknown } }>()
app.use(metadata)
app.all('/mcp', protect, async (context) => {
  const transport = new WebStandardStreamableHTTPServerTransport()
  await createNotes().connect(transport)
  return transport.handleRequest(context.req.raw, {
    authInfo: context.get('auth'),
    parsedBody: context.get('parsedBody'),
  })
})

serve({ fetch: app.fetch, port }, () => console.log('listening'))
