import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'LM Studio',
  sources: [
    {
      fact: 'registers without grant_types and response_types',
      from: 'https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/2361',
    },
    {
      fact: 'a callback on 127.0.0.1 only',
      from: 'https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/2415',
    },
    {
      fact: 'opens the browser if a server requires a sign-in, and stores the tokens',
      from: 'https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1890',
    },
  ],
  assumed: [
    'the path and the port of the callback, the other members of the registration',
    'everything else as in the SDK, on which its bridge is built',
  ],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'LM Studio',
        redirect_uris: ['http://127.0.0.1:{port}/callback'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: [],
      redirectUris: ['http://127.0.0.1:{port}/callback'],
    },
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
    version: '2025-06-18',
    clientInfo: { name: 'lmstudio-mcp-bridge', version: '1.0.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
