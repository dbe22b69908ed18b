import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'MCPJam',
  sources: [
    {
      fact: 'the names and members of its registration',
      from: 'https://github.com/MCPJam/inspector/blob/main/sdk/src/oauth/client-identity.ts',
    },
    {
      fact: 'the common members of its registrations',
      from: 'https://github.com/MCPJam/inspector/blob/main/sdk/src/oauth/state-machines/shared/dynamic-client-registration.ts',
    },
    {
      fact: 'its document, as published in June 2026: custom schemes in addition to loopback, and the device grant type',
      from: 'https://www.mcpjam.com/.well-known/oauth/client-metadata.json',
    },
  ],
  assumed: [
    'the hosted redirect URI, and which redirect URIs each edition uses',
    'it has the same steps as the SDK',
    'the form of state and of the code verifier, the number of parallel refreshes',
  ],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://www.mcpjam.com/.well-known/oauth/client-metadata.json',
        client_name: 'MCPJam',
        client_uri: 'https://www.mcpjam.com',
        logo_uri: 'https://www.mcpjam.com/mcp_jam_2row.png',
        redirect_uris: [
          'mcpjam://oauth/callback',
          'mcpjam://authkit/callback',
          'http://127.0.0.1:6274/oauth/callback',
          'http://localhost:6274/oauth/callback',
          'https://app.mcpjam.com/oauth/callback',
        ],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      needs: ['documents'],
      authentication: 'none',
      redirectUris: [
        'mcpjam://oauth/callback',
        'http://127.0.0.1:6274/oauth/callback',
        'https://app.mcpjam.com/oauth/callback',
      ],
    },
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'MCPJam Inspector Debug Client',
        client_uri: 'https://github.com/MCPJam/inspector',
        logo_uri: 'https://www.mcpjam.com/mcp_jam_2row.png',
        redirect_uris: ['http://127.0.0.1:6274/oauth/callback/debug'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: ['scope'],
      headers: {},
      redirectUris: ['http://127.0.0.1:6274/oauth/callback/debug'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'hex' },
    iss: 'compared',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'mcpjam', version: '2.0.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
