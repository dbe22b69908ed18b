import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const origin = 'https://playground.ai.cloudflare.com'

const profile: ClientProfile = {
  name: 'use-mcp',
  sources: [
    {
      fact: 'the registration, the redirect URI; state is a UUID',
      from: 'https://github.com/modelcontextprotocol/use-mcp/blob/main/src/auth/browser-provider.ts',
    },
    { fact: 'the AI playground is built on it', from: 'https://github.com/modelcontextprotocol/use-mcp' },
    { fact: 'the CORS headers that a page needs', from: 'https://github.com/getsentry/sentry-mcp/issues/999' },
  ],
  assumed: ['everything else as in the SDK, on which it is built'],
  origin,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        redirect_uris: [`${origin}/oauth/callback`],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        client_name: 'MCP Browser Client',
        client_uri: origin,
      },
      filledIn: [],
      redirectUris: [`${origin}/oauth/callback`],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 16, as: 'hex' },
    iss: 'ignored',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'MCP Browser Client', version: '0.1.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
