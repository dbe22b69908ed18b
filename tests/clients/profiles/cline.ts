import type { ClientProfile, RegistrationWay } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

/** A hash of the server's name and address. Each server has its own. */
const hash = 'f47ac10b58cc4372a5670e02b2c3d479'

const way = (name: string, redirectUri: string): RegistrationWay => ({
  ...sdkRegistration,
  name,
  body: {
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    client_name: 'Cline',
    client_uri: 'https://cline.bot',
    software_id: 'cline',
  },
  filledIn: [],
  redirectUris: [redirectUri],
})

const profile: ClientProfile = {
  name: 'Cline',
  sources: [
    {
      fact: 'the registration, state; it is built on the TypeScript SDK, and opens the browser only if the user asks for it',
      from: 'https://github.com/cline/cline/blob/main/src/services/mcp/McpOAuthManager.ts',
    },
    {
      fact: 'the redirect URI in VS Code, with a hash for each server',
      from: 'https://github.com/cline/cline/issues/8103',
    },
  ],
  assumed: [
    'the form of the hash; the redirect URI of its other editions',
    'how it treats iss',
    'everything else as in the SDK',
  ],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    way('in VS Code', `vscode://saoudrizwan.claude-dev/mcp-auth/callback/${hash}`),
    way('in an editor with its own scheme', `windsurf://saoudrizwan.claude-dev/mcp-auth/callback/${hash}`),
    way('on loopback', `http://127.0.0.1:48811/mcp-auth/callback/${hash}`),
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'hex' },
    iss: 'ignored',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'Cline', version: '3.40.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
