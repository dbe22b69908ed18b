import type { ClientProfile, RegistrationWay } from '../driver/profile.ts'
import { sdkDiscovery, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const way = (name: string, redirectUri: string): RegistrationWay => ({
  ...sdkRegistration,
  name,
  body: {
    client_name: 'LibreChat MCP Client',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  filledIn: ['scope'],
  redirectUris: [redirectUri],
})

const profile: ClientProfile = {
  name: 'LibreChat',
  sources: [
    {
      fact: 'begins with the metadata of the resource; prefers client_secret_basic; sends the scopes that the resource lists, also in each refresh, which has no resource; state is the user and the server; revokes both tokens',
      from: 'https://github.com/danny-avila/LibreChat/blob/main/packages/api/src/mcp/oauth/handler.ts',
    },
    { fact: 'the redirect URI', from: 'https://github.com/LibreChat-AI/librechat.ai/issues/388' },
    {
      fact: 'refreshes with its secret in the header',
      from: 'https://github.com/danny-avila/LibreChat/issues/9705',
    },
  ],
  assumed: ['how it treats iss', 'the number of parallel refreshes', 'its headers, which are the SDK’s'],
  origin: null,
  opening: [],
  discovery: [
    {
      ...sdkDiscovery()[0],
      at: ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
    },
    sdkDiscovery()[1],
  ],
  ways: [
    way('on a site', 'https://librechat.example.com/api/mcp/docs/oauth/callback'),
    way('on this computer', 'http://localhost:3080/api/mcp/docs/oauth/callback'),
  ],
  authorization: {
    scope: { from: 'protected resource', offlineAccess: false },
    resource: true,
    prompt: null,
    // The id of the user in its database, and the name of the server.
    state: { bytes: 12, as: 'hex', suffix: ':docs' },
    iss: 'ignored',
  },
  tokens: { ...sdkTokens, resource: { exchange: true, refresh: false }, scopeOnRefresh: true },
  revokes: ['access_token', 'refresh_token'],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: '@librechat/api-client', version: '1.2.3' },
    headers: {},
    opensStream: true,
  },
}
export default profile
