import { createResourceServer } from 'mcp-oauth-broker/resource-server'

const { ISSUER = 'https://login.example.com', PORT = '3000', PATH_OF_MCP = '/mcp' } = process.env

export const port = Number(PORT)

/** Every server of this folder is protected by this. In production, `resource` has https. */
export const resourceServer = createResourceServer({
  resource: `http://localhost:${PORT}${PATH_OF_MCP}`,
  authorizationServers: [ISSUER],
  scopes: {
    required: ['notes:read'],
    tools: { write_note: ['notes:write'] },
    supported: ['notes:read', 'notes:write'],
  },
  onEvent: (event) => console.log(JSON.stringify(event)),
})

// Stops here, with a sentence, if the authorization server is not what an MCP client needs.
for (const { issuer, state, registration, warnings } of await resourceServer.ready()) {
  console.log(JSON.stringify({ issuer, state, registration, warnings }))
}
