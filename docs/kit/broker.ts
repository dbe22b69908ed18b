import { createResourceServer } from 'mcp-oauth-broker/resource-server'

// This project's own authorization server. It registers clients by itself, and says so in its metadata.
export const resourceServer = createResourceServer({
  resource: 'https://mcp.engines.example/mcp',
  authorizationServers: ['https://docs.engines.example'],
  scopes: { required: ['tools:read'], tools: { write: ['tools:write'] } },
})
