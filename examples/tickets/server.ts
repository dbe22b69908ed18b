/**
 * An MCP server with its own authorization server, in one Node process.
 *
 * Settings: `ORIGIN`, `PORT`, `SECRET`, `INTROSPECTION_SECRET`, `OIDC_ISSUER`, `OIDC_CLIENT_ID`, `OIDC_CLIENT_SECRET`, and
 * `DATABASE_URL` for grants in PostgreSQL. Without a database, grants are in memory and end with the process.
 */
import { createServer } from 'node:http'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { createAuthorizationServer, nodeHandler } from 'mcp-oauth-broker/authorization-server'
import { createResourceServer, protect } from 'mcp-oauth-broker/resource-server'
import { createMemoryStore } from 'mcp-oauth-broker/store/memory'
import { createPostgresStore, migrate } from 'mcp-oauth-broker/store/postgres'
import { scopes, ticketServer, toolScopes } from './tools.ts'

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is missing`)
  return value
}

const origin = setting('ORIGIN')
const url = `${origin}/mcp`
const introspectionSecret = setting('INTROSPECTION_SECRET')
const { DATABASE_URL: databaseUrl, OIDC_CLIENT_SECRET: clientSecret } = process.env

if (databaseUrl) await migrate(databaseUrl)
const postgres = databaseUrl ? createPostgresStore({ url: databaseUrl, onRefusal: console.error }) : undefined

const authorizationServer = createAuthorizationServer({
  issuer: origin,
  secret: setting('SECRET'),
  store: postgres ?? createMemoryStore(),
  provider: {
    issuer: setting('OIDC_ISSUER'),
    clientId: setting('OIDC_CLIENT_ID'),
    ...(clientSecret && { clientSecret }),
  },
  resource: { url, name: 'Example Tickets', scopes },
  brand: { name: 'Example Helpdesk', provider: 'Example ID', accentColor: '#0b3d91' },
  introspectionTokens: [introspectionSecret],
  log: (event, fields) => console.log(JSON.stringify({ event, ...fields })),
})

const resourceServer = createResourceServer({
  resource: url,
  authorizationServers: [origin],
  // Asks about each token, so that a client is refused as soon as its user or the operator ends it.
  validation: { type: 'introspection' },
  introspection: {
    endpoint: `${origin}/oauth/introspect`,
    clientId: 'tickets',
    clientSecret: introspectionSecret,
    cacheTtl: 0,
  },
  scopes: { required: ['tickets:read'], tools: toolScopes },
})

const guarded = protect(resourceServer, async (request, { authInfo, parsedBody }) => {
  const mcp = createMcpHandler(() => ticketServer(authInfo.extra.subject ?? ''))
  return mcp.fetch(request, { authInfo, ...(parsedBody !== undefined && { parsedBody }) })
})

const server = createServer(
  nodeHandler({ origin }, authorizationServer.handle, async (request) =>
    new URL(request.url).pathname === '/mcp' ? guarded(request) : undefined,
  ),
)
server.listen(Number(setting('PORT')), '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', origin })))

/** Milliseconds. */
const hour = 3_600_000
setInterval(() => authorizationServer.maintain().catch(console.error), hour).unref()

process.once('SIGTERM', () => {
  server.close(async () => {
    await authorizationServer.settled()
    postgres?.close()
  })
  server.closeIdleConnections()
})
