import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'AI SDK',
  sources: [
    {
      fact: 'its requests, in order: server/discover first, discovery with the newest revision, a new discovery before a refresh',
      from: 'seen running, @ai-sdk/mcp 2.0.99',
    },
  ],
  assumed: ['the registration, which the application writes, except application_type', 'the form of state'],
  origin: null,
  opening: [
    {
      method: 'POST',
      message: 'server/discover',
      headers: { ...sdkInitialize.headers, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' },
    },
  ],
  discovery: sdkDiscovery({ 'mcp-protocol-version': '2026-07-28', accept: '*/*' }),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'AI SDK application',
        redirect_uris: ['http://localhost:8090/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      filledIn: [],
      redirectUris: ['http://localhost:8090/callback'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 16, as: 'hex' },
    iss: 'compared',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2026-07-28',
    clientInfo: { name: 'ai-sdk-mcp-client', version: '2.0.99' },
    headers: {},
    opensStream: false,
  },
}
export default profile
