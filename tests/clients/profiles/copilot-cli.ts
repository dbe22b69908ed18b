import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const profile: ClientProfile = {
  name: 'GitHub Copilot CLI',
  sources: [
    {
      fact: 'its document names port 33418, and it listens on another port each time',
      from: 'https://github.com/github/copilot-cli/issues/4793',
    },
    {
      fact: 'a stored registration has the port of an earlier sign-in',
      from: 'https://github.com/github/copilot-cli/issues/1951',
    },
    {
      fact: 'the port can be fixed, but still changes for another sign-in in a session',
      from: 'https://github.com/github/copilot-cli/issues/3418',
    },
  ],
  assumed: [
    'the members of its document except client_id, application_type and redirect_uris; those of its registration',
    'everything else as in the SDK',
  ],
  origin: null,
  opening: [sdkInitialize],
  discovery: sdkDiscovery(),
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://github.com/copilot/cli/client-metadata.json',
        client_name: 'GitHub Copilot CLI',
        client_uri: 'https://github.com/features/copilot/cli',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1:33418/'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      needs: ['documents'],
      authentication: 'none',
      redirectUris: ['http://127.0.0.1:{port}/', 'http://127.0.0.1:33418/'],
    },
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'GitHub Copilot CLI',
        redirect_uris: ['http://127.0.0.1:{port}/'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: ['scope'],
      redirectUris: ['http://127.0.0.1:{port}/', 'http://127.0.0.1:19876/'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'base64url' },
    iss: 'compared',
  },
  tokens: sdkTokens,
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'github-copilot-developer', version: '1.0.87' },
    headers: {},
    opensStream: true,
  },
}
export default profile
