import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'Cursor',
  sources: [
    {
      fact: 'registers its three redirect URIs in one request, without application_type, and fails when one is refused',
      from: 'https://github.com/better-auth/better-auth/pull/10956',
    },
    {
      fact: 'which of them the desktop app and the agents use',
      from: 'https://forum.cursor.com/t/oauth-redirect-uri-changed-from-cursor-to-http-localhost-for-streamable-http-mcp/165019',
    },
    { fact: 'sent no state in 2025', from: 'https://github.com/cursor/cursor/issues/3576' },
    { fact: 'requests every scope that the authorization server lists', from: 'https://cursor.com/docs/context/mcp' },
  ],
  assumed: ['that it still sends no state', 'everything else as in the SDK, on which it is built'],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'Cursor',
        redirect_uris: [
          'cursor://anysphere.cursor-mcp/oauth/callback',
          'https://www.cursor.com/agents/mcp/oauth/callback',
          'http://localhost:8787/callback',
        ],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: [],
      redirectUris: [
        'http://localhost:8787/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'cursor://anysphere.cursor-mcp/oauth/callback',
      ],
    },
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: true },
    resource: true,
    prompt: null,
    state: null,
    iss: 'ignored',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'Cursor', version: '3.14.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
