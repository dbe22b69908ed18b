import { createResourceServer } from 'mcp-oauth-broker/resource-server'

// In Auth0: make an API whose identifier is the resource, with its permissions. For clients without a
// registration, turn on Dynamic Client Registration, and promote the connections to the domain level.
export const resourceServer = createResourceServer({
  resource: 'https://mcp.engines.example/mcp',
  authorizationServers: ['https://engines.eu.auth0.com/'], // ends in a slash
  validation: {
    type: 'jwt',
    // A client that also asks for `openid` gets tokens for the user info endpoint too.
    otherAudiences: ['https://engines.eu.auth0.com/userinfo'],
    // With "Add Permissions in the Access Token". Without it, leave this out.
    scopeClaims: ['scope', 'permissions'],
  },
  scopes: { required: ['tools:read'], tools: { write: ['tools:write'] } },
})
