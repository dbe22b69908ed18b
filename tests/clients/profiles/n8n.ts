import type { ClientProfile, HeaderFields, RegistrationWay } from '../driver/profile.ts'
import { sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const headers: HeaderFields = { accept: 'application/json, text/plain, */*', 'user-agent': 'axios/1.13.5' }

const way = (name: string, redirectUri: string): RegistrationWay => ({
  ...sdkRegistration,
  name,
  body: {
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    client_name: 'n8n',
    client_uri: 'https://n8n.io/',
  },
  filledIn: ['scope'],
  headers,
  whenUnknown: 'gives up',
  redirectUris: [redirectUri],
})

const profile: ClientProfile = {
  name: 'n8n',
  sources: [
    {
      fact: 'begins with the metadata of the resource; the registration, with every scope of the authorization server; public if S256 is offered',
      from: 'https://github.com/n8n-io/n8n/blob/master/packages/cli/src/oauth/oauth.service.ts',
    },
    {
      fact: 'the authorization and token requests, resource in each of them',
      from: 'https://github.com/n8n-io/n8n/blob/master/packages/%40n8n/client-oauth2/src/code-flow.ts',
    },
    {
      fact: 'the redirect URIs of its cloud, and of a self-hosted instance',
      from: 'https://github.com/n8n-io/n8n/issues/21791',
    },
    { fact: 'a long state', from: 'https://github.com/n8n-io/n8n/issues/30853' },
  ],
  assumed: ['how long its state is', 'the version of the protocol', 'the number of parallel refreshes'],
  origin: null,
  opening: [],
  discovery: [
    {
      for: 'protected resource',
      at: ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
      headers,
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers,
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
  ],
  ways: [
    way('in its cloud', 'https://oauth.n8n.cloud/oauth2/callback'),
    way('of one’s own', 'https://n8n.example.com/rest/oauth2-credential/callback'),
    way('on this computer', 'http://localhost:5678/rest/oauth2-credential/callback'),
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: true },
    resource: true,
    prompt: null,
    // A sealed JSON object: the credential, its owner, and the time.
    state: { bytes: 1500, as: 'base64' },
    iss: 'ignored',
  },
  tokens: { ...sdkTokens, headers: { ...headers } },
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: '@n8n/n8n-nodes-langchain.mcpClientTool', version: '1.2.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
