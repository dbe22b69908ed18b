import { createResourceServer } from 'mcp-oauth-broker/resource-server'

const tenant = '11111111-2222-4333-8444-555555555555'
const application = '99999999-8888-4777-8666-555555555555'

// In Entra ID: register an application, and expose an API with the scopes `tools.read` and `tools.write`. Its
// manifest decides the version of the tokens: version 2 names the application as audience, version 1 the URI.
export const resourceServer = createResourceServer({
  resource: 'https://mcp.engines.example/mcp',
  authorizationServers: [`https://login.microsoftonline.com/${tenant}/v2.0`],
  validation: {
    type: 'jwt',
    issuer: [`https://login.microsoftonline.com/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`],
    audience: [application, `api://${application}`],
    requiredClaims: { tid: tenant },
  },
  scopes: {
    required: ['tools.read'],
    tools: { write: ['tools.write'] },
    // Clients ask for `api://…/tools.read`. The token says `tools.read`.
    requestPrefix: `api://${application}/`,
  },
})
