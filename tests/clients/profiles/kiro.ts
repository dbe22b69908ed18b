import type { ClientProfile, HeaderFields } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

/** The headers that the user has set for the server. The client sends them with every request. */
const configured: HeaderFields = { authorization: 'Bearer a-token-of-another-day' }

const profile: ClientProfile = {
  name: 'Kiro',
  sources: [
    {
      fact: 'begins with the header of the settings, and signs in if it is refused; the redirect URI on localhost with any port',
      from: 'https://github.com/kirodotdev/Kiro/issues/11412',
    },
    {
      fact: 'does not encode redirect_uri and resource in the URL of the authorization request',
      from: 'https://github.com/kirodotdev/Kiro/issues/10927',
    },
    {
      fact: 'this broke sign-ins at other servers',
      from: 'https://github.com/kirodotdev/Kiro/issues/10204',
    },
    {
      fact: 'compares the issuer with the address of the metadata',
      from: 'https://github.com/kirodotdev/Kiro/issues/11084',
    },
  ],
  assumed: [
    'it also sends the header of the settings to the token endpoint',
    'the members of its registration, the form of state, the number of parallel refreshes',
    'everything else as in the SDK',
  ],
  origin: null,
  opening: [{ ...sdkInitialize, headers: { ...sdkInitialize.headers, ...configured } }],
  discovery: sdkDiscovery(),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'Kiro',
        redirect_uris: ['http://localhost:{port}/oauth/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: ['scope'],
      redirectUris: ['http://localhost:{port}/oauth/callback'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'base64url' },
    iss: 'compared',
    notEncoded: ['redirect_uri', 'resource'],
  },
  tokens: { ...sdkTokens, headers: { ...sdkTokens.headers, ...configured } },
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'Kiro', version: '1.1.14' },
    headers: {},
    opensStream: true,
  },
}
export default profile
