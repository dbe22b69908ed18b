import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const redirectUris = ['http://127.0.0.1:19876/mcp/oauth/callback'] as const

const profile: ClientProfile = {
  name: 'opencode',
  sources: [
    { fact: 'its requests, in order, and the registration, which it sends twice', from: 'seen running, 1.18.33' },
    {
      fact: 'the registration, the redirect URI, state',
      from: 'https://github.com/anomalyco/opencode/blob/dev/packages/opencode/src/mcp/oauth-provider.ts',
    },
    {
      fact: 'its published document lacks its callback path, and so cannot be used',
      from: 'https://github.com/anomalyco/opencode/issues/50510',
    },
    {
      fact: 'compares the issuer exactly, including a slash at the end',
      from: 'https://github.com/anomalyco/opencode/issues/50036',
    },
    { fact: 'omits resource when it refreshes', from: 'https://github.com/anomalyco/opencode/issues/34592' },
  ],
  assumed: ['the number of parallel refreshes'],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        redirect_uris: redirectUris,
        client_name: 'OpenCode',
        client_uri: 'https://opencode.ai',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: ['scope'],
      times: 2,
      redirectUris,
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: 'consent',
    state: { bytes: 32, as: 'hex' },
    iss: 'ignored',
  },
  tokens: { ...sdkTokens, resource: { exchange: true, refresh: false } },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'opencode', version: '1.18.33' },
    headers: {},
    opensStream: true,
  },
}
export default profile
