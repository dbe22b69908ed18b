import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const body = {
  client_name: 'MCP Inspector',
  client_uri: 'https://github.com/modelcontextprotocol/inspector',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  application_type: 'native',
}

const profile: ClientProfile = {
  name: 'MCP Inspector',
  sources: [
    { fact: 'its requests, in order, and the registration, of the CLI and of the UI', from: 'seen running, 2.12.0' },
    {
      fact: 'older versions register a second callback for their guided flow, and may use the first',
      from: 'https://github.com/modelcontextprotocol/inspector/issues/930',
    },
  ],
  assumed: ['the number of parallel refreshes'],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      ...sdkRegistration,
      name: 'CLI',
      body: { ...body, redirect_uris: ['http://127.0.0.1:6276/oauth/callback'] },
      filledIn: ['scope'],
      redirectUris: ['http://127.0.0.1:6276/oauth/callback'],
    },
    {
      ...sdkRegistration,
      name: 'UI',
      body: {
        ...body,
        redirect_uris: ['http://localhost:6274/oauth/callback', 'http://localhost:6274/oauth/callback/debug'],
      },
      filledIn: ['scope'],
      redirectUris: ['http://localhost:6274/oauth/callback', 'http://localhost:6274/oauth/callback/debug'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: 'consent',
    state: { bytes: 32, as: 'hex' },
    iss: 'demanded when advertised',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'inspector-client', version: '2.12.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
