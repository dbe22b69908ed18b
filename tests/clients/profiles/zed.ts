import type { ClientProfile } from '../driver/profile.ts'

const profile: ClientProfile = {
  name: 'Zed',
  sources: [
    {
      fact: 'the requests to every endpoint, the well-known paths, the scope, the registration, when it refreshes',
      from: 'https://github.com/zed-industries/zed/blob/main/crates/context_server/src/oauth.rs',
    },
    {
      fact: 'publishes http://127.0.0.1/callback and uses a different port each time',
      from: 'https://github.com/zed-industries/zed/issues/56210',
    },
  ],
  assumed: [
    'the members of its document except redirect_uris, as its source plans them',
    'the form of state',
    'the number of parallel refreshes',
  ],
  origin: null,
  opening: [
    {
      method: 'POST',
      message: 'initialize',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    },
  ],
  discovery: [
    {
      for: 'protected resource',
      at: ['challenge', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
      headers: { accept: 'application/json' },
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers: { accept: 'application/json' },
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
  ],
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://zed.dev/oauth/client-metadata.json',
        client_name: 'Zed',
        client_uri: 'https://zed.dev',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      needs: ['documents'],
      authentication: 'none',
      redirectUris: ['http://127.0.0.1:{port}/callback'],
    },
    {
      name: 'registered',
      by: 'registration',
      body: {
        client_name: 'Zed',
        redirect_uris: ['http://127.0.0.1:{port}/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: ['scope', 'grant_types'],
      headers: { accept: 'application/json' },
      times: 1,
      whenUnknown: 'registers again',
      preflight: null,
      redirectUris: ['http://127.0.0.1:{port}/callback'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'base64url' },
    iss: 'ignored',
  },
  tokens: {
    headers: { accept: 'application/json' },
    resource: { exchange: true, refresh: true },
    scopeOnRefresh: false,
    codeVerifier: { alphabet: 'base64url', length: 43 },
    parallelRefreshes: 2,
    refreshesEarly: 30,
  },
  revokes: [],
  mcp: {
    version: '2025-03-26',
    clientInfo: { name: 'Zed', version: '1.1.6' },
    headers: {},
    opensStream: false,
  },
}
export default profile
