import { createResourceServer } from 'mcp-oauth-broker/resource-server'

// In Keycloak: make a client scope with the mapper "Audience" that adds the resource, and make it a default scope. Without the
// mapper, tokens are only for `account`, and are refused.
export const resourceServer = createResourceServer({
  resource: 'https://mcp.engines.example/mcp',
  authorizationServers: ['https://login.engines.example/realms/engines'],
  validation: {
    type: 'jwt',
    otherAudiences: ['account'],
    // Roles of the realm count as scopes only if you name them here.
    scopeClaims: ['scope', 'realm_access.roles'],
  },
  scopes: { required: ['tools:read'], tools: { write: ['tools:write'] } },
})
