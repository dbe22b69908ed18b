import type { ClientProfile } from '../driver/profile.ts'
import { sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'Raycast',
  sources: [
    {
      fact: 'follows the revision of 2025-03-26: after the 401 it reads the metadata of the authorization server at the same host, and none of the resource',
      from: 'https://github.com/appwrite/mcp/pull/77',
    },
    {
      fact: 'the redirect URI of an extension that is an MCP client, with a query',
      from: 'https://github.com/Swiggy/swiggy-mcp-server-manifest/issues/86',
    },
    {
      fact: 'the schemes of the app, with one slash or two after the colon',
      from: 'https://developers.raycast.com/api-reference/oauth',
    },
  ],
  assumed: [
    'which of these redirect URIs the app itself registers',
    'the members of its registration, its headers, the form of state',
    'the number of parallel refreshes',
  ],
  origin: null,
  opening: [sdkInitialize],
  discovery: [
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server'],
      headers: { 'mcp-protocol-version': '2025-03-26', accept: 'application/json' },
      after: { notFound: 'gives up', fault: 'gives up', otherContent: 'gives up' },
    },
  ],
  ways: [
    {
      ...sdkRegistration,
      name: 'the app',
      body: {
        client_name: 'Raycast',
        client_uri: 'https://www.raycast.com',
        redirect_uris: ['com.raycast:/oauth', 'raycast://oauth'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: [],
      redirectUris: ['com.raycast:/oauth', 'raycast://oauth'],
    },
    {
      ...sdkRegistration,
      name: 'an extension',
      body: {
        client_name: 'Raycast',
        redirect_uris: ['https://raycast.com/redirect?packageName=Extension'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: [],
      redirectUris: ['https://raycast.com/redirect?packageName=Extension'],
    },
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: false },
    resource: false,
    prompt: null,
    state: { bytes: 32, as: 'base64url' },
    iss: 'ignored',
  },
  tokens: { ...sdkTokens, resource: { exchange: false, refresh: false } },
  revokes: [],
  mcp: {
    version: '2025-03-26',
    clientInfo: { name: 'com.raycast.macos', version: '1.104.21' },
    headers: {},
    opensStream: true,
  },
}
export default profile
