import type { ClientProfile, RegistrationWay } from '../driver/profile.ts'

const way = (name: string, redirectUri: string): RegistrationWay => ({
  name,
  by: 'registration',
  body: {
    client_name: 'Gemini CLI MCP Client',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: '',
  },
  filledIn: ['scope'],
  headers: {},
  times: 1,
  whenUnknown: 'gives up',
  preflight: null,
  redirectUris: [redirectUri],
})

const profile: ClientProfile = {
  name: 'Gemini CLI',
  sources: [
    {
      fact: 'the registration, the requests to the authorization and token endpoints, state, the HEAD request',
      from: 'https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/mcp/oauth-provider.ts',
    },
    {
      fact: 'the well-known paths, its reaction to each answer, resource as a string, scopes of the authorization server',
      from: 'https://github.com/google-gemini/gemini-cli/blob/main/packages/core/src/mcp/oauth-utils.ts',
    },
    {
      fact: 'the same from the package; state of 16 bytes, a verifier of 86 characters, iss required',
      from: 'seen running, @google/gemini-cli-core 0.61.0',
    },
    {
      fact: 'Antigravity registers a hosted redirect URI',
      from: 'https://github.com/google-antigravity/antigravity-cli/issues/480',
    },
  ],
  assumed: ['Antigravity differs from the Gemini CLI only in the redirect URI', 'the number of parallel refreshes'],
  origin: null,
  opening: [{ method: 'HEAD', message: null, headers: { accept: 'application/json' } }],
  discovery: [
    {
      for: 'protected resource',
      at: ['challenge', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
      headers: { accept: '*/*' },
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers: { accept: '*/*' },
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
  ],
  ways: [
    way('as itself', 'http://localhost:{port}/oauth/callback'),
    way('as Antigravity', 'https://antigravity.google/oauth-callback'),
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 16, as: 'base64url' },
    iss: 'demanded when advertised',
  },
  tokens: {
    headers: { accept: 'application/json, application/x-www-form-urlencoded' },
    resource: { exchange: true, refresh: true },
    scopeOnRefresh: true,
    codeVerifier: { alphabet: 'base64url', length: 86 },
    parallelRefreshes: 2,
    refreshesEarly: 300,
  },
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'gemini-cli-mcp-client', version: '0.0.1' },
    headers: {},
    opensStream: true,
  },
}
export default profile
