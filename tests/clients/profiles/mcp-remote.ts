import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const [resourceFirst, serverFirst] = sdkDiscovery({ accept: '*/*' })
const [resourceAgain, serverAgain] = sdkDiscovery()

const profile: ClientProfile = {
  name: 'mcp-remote',
  sources: [
    {
      fact: 'its requests, in order: a GET without a token, two discoveries, a check of a stored registration',
      from: 'seen running, 0.15.1',
    },
    { fact: 'parallel instances', from: 'https://github.com/geelen/mcp-remote/pull/315' },
    {
      fact: 'a stored registration has the port of an earlier sign-in',
      from: 'https://github.com/geelen/mcp-remote/pull/292',
    },
  ],
  assumed: [],
  origin: null,
  opening: [{ method: 'GET', message: null, headers: { accept: 'text/event-stream' } }, sdkInitialize],
  discovery: [resourceFirst, serverFirst, resourceAgain, serverAgain],
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        redirect_uris: ['http://localhost:21437/oauth/callback'],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        client_name: 'mcp-remote',
        client_uri: 'https://github.com/punkpeye/mcp-remote',
        software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
        software_version: '0.15.1',
        application_type: 'native',
      },
      filledIn: ['scope'],
      preflight: { accept: 'application/json' },
      redirectUris: ['http://localhost:21437/oauth/callback', 'http://localhost:{port}/oauth/callback'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: 'consent',
    state: { bytes: 16, as: 'hex' },
    iss: 'compared',
  },
  tokens: { ...sdkTokens, parallelRefreshes: 4 },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'mcp-remote', version: '0.15.1' },
    headers: {},
    opensStream: true,
  },
}
export default profile
