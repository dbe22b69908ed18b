import { createResourceServer } from 'mcp-oauth-broker/resource-server'

// In Okta: use a custom authorization server, whose audience is the resource, and add the scopes there. The
// tokens of the org authorization server are for Okta's own API only. Register each client in Okta.
export const resourceServer = createResourceServer({
  resource: 'https://mcp.engines.example/mcp',
  authorizationServers: ['https://engines.okta.com/oauth2/default'],
  scopes: { required: ['tools:read'], tools: { write: ['tools:write'] } },
})
