import { createResourceServer } from 'mcp-oauth-broker/resource-server'

// In Cognito: make a resource server whose identifier is the resource, with the scopes `read` and `write`, and an
// app client for each MCP client. Cognito registers no clients by itself, and its access tokens have no audience.
export const resourceServer = createResourceServer({
  resource: 'https://mcp.engines.example/mcp',
  authorizationServers: ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example'],
  validation: {
    type: 'jwt',
    withoutAudience: { clientIds: ['1example23456789'] },
    requiredClaims: { token_use: 'access' },
  },
  scopes: {
    required: ['https://mcp.engines.example/mcp/read'],
    tools: { write: ['https://mcp.engines.example/mcp/write'] },
  },
})
