import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

/** Contains the publisher, the name of the tool and a number of the environment. */
const redirectUri = 'https://global.consent.azure-apim.net/redirect/cr938-5fdocs-20mcp-5f43bcb8573bc3e84'

const profile: ClientProfile = {
  name: 'Microsoft Copilot Studio',
  sources: [
    {
      fact: 'a redirect URI for each tool, which contains the name of the tool',
      from: 'https://github.com/SmartBear/smartbear-mcp/issues/463',
    },
    {
      fact: 'registers without an authentication method, and uses that of the answer; its gateway shows the user only a 500',
      from: 'https://github.com/activepieces/activepieces/issues/14397',
    },
    { fact: 'requests no scope', from: 'https://github.com/CyberDrain/CIPP/issues/278' },
    {
      fact: 'discovers everything by itself with “Dynamic discovery”, over Streamable HTTP only',
      from: 'https://learn.microsoft.com/en-us/microsoft-copilot-studio/mcp-add-existing-server-to-agent',
    },
  ],
  assumed: [
    'the members of its registration except redirect_uris; that it uses PKCE',
    'which documents it searches for; its headers; the form of state',
    'the number of parallel refreshes',
  ],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery({ accept: 'application/json' }),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'Docs MCP',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      filledIn: [],
      headers: { accept: 'application/json' },
      whenUnknown: 'gives up',
      redirectUris: [redirectUri],
    },
    {
      ...sdkRegistration,
      name: 'with a secret',
      body: {
        client_name: 'Docs MCP',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      filledIn: [],
      headers: { accept: 'application/json' },
      whenUnknown: 'gives up',
      redirectUris: [redirectUri],
    },
  ],
  authorization: {
    scope: { from: 'nowhere', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 96, as: 'base64' },
    iss: 'ignored',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'mcs', version: '1.0.0' },
    headers: {},
    opensStream: false,
  },
}
export default profile
