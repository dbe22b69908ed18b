import type { ClientProfile, HeaderFields } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

/** The headers that the user has set for the server. The client sends them with every request. */
const configured: HeaderFields = { authorization: 'Bearer a-token-of-another-day' }

const profile: ClientProfile = {
  name: 'Kiro',
  sources: [
    {
      fact: 'begins with the header of the settings, and signs in when that is refused; the redirect URI on localhost with any port',
      from: 'https://github.com/kirodotdev/Kiro/issues/11412',
    },
    {
      fact: 'leaves redirect_uri and resource as they are in the address of the authorization request',
      from: 'https://github.com/kirodotdev/Kiro/issues/10927',
    },
    {
      fact: 'that this broke sign-ins elsewhere',
      from: 'https://github.com/kirodotdev/Kiro/issues/10204',
    },
    {
      fact: 'compares the issuer with the address from which it has the metadata',
      from: 'https://github.com/kirodotdev/Kiro/issues/11084',
    },
  ],
  assumed: [
    'that the header of the settings goes to the token endpoint as well',
    'the members of its registration, the form of state, how many refreshes meet',
    'everything else as the SDK has it',
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
