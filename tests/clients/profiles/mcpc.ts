import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'mcpc',
  sources: [
    {
      fact: 'begins with discovery; the scopes that the resource lists; the registration; port 8000, or the next free one; no state',
      from: 'seen running, 0.2.6',
    },
    {
      fact: 'the same, and how it refreshes: no resource, no scope',
      from: 'https://github.com/apify/mcpc/blob/main/src/lib/auth/oauth-flow.ts',
    },
  ],
  assumed: [],
  origin: null,
  opening: [],
  discovery: [
    {
      ...sdkDiscovery()[0],
      at: ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
    },
    sdkDiscovery()[1],
    // It repeats discovery before each refresh, to find the token endpoint.
    {
      for: 'authorization server',
      at: [
        '/mcp/.well-known/oauth-authorization-server',
        '/mcp/.well-known/openid-configuration',
        '/.well-known/oauth-authorization-server',
      ],
      headers: { accept: 'application/json' },
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
  ],
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        redirect_uris: ['http://localhost:8000/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        client_name: 'mcpc',
        client_uri: 'https://github.com/apify/mcpc',
      },
      filledIn: ['scope'],
      redirectUris: ['http://localhost:8000/callback'],
    },
  ],
  authorization: {
    scope: { from: 'protected resource', offlineAccess: false },
    resource: true,
    prompt: null,
    state: null,
    iss: 'ignored',
  },
  tokens: {
    ...sdkTokens,
    resource: { exchange: true, refresh: false },
    refreshesEarly: 60,
  },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'mcpc', version: '0.2.6' },
    headers: {},
    opensStream: true,
  },
}
export default profile
