import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const headers = { 'mcp-protocol-version': '2025-11-25', accept: 'application/json, text/event-stream' }
const [resource, server] = sdkDiscovery(headers)

const profile: ClientProfile = {
  name: 'mcporter',
  sources: [
    {
      fact: 'its requests, in order, the registration, its Accept header for an event stream in metadata requests',
      from: 'seen running, 0.12.3',
    },
  ],
  assumed: ['the form of state', 'the number of parallel refreshes'],
  origin: null,
  opening: [sdkInitialize],
  discovery: [resource, server, server],
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'mcporter (docs)',
        redirect_uris: ['http://127.0.0.1:{port}/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: ['scope'],
      redirectUris: ['http://127.0.0.1:{port}/callback'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: 'consent',
    state: { bytes: 16, as: 'hex' },
    iss: 'ignored',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'mcporter', version: '0.12.3' },
    headers: {},
    opensStream: true,
  },
}
export default profile
