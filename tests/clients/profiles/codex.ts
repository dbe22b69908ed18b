import type { ClientProfile, HeaderFields } from '../driver/profile.ts'

const headers: HeaderFields = { 'mcp-protocol-version': '2024-11-05', accept: '*/*' }

const profile: ClientProfile = {
  name: 'Codex',
  sources: [
    { fact: 'its requests, in order, their headers, and the registration', from: 'seen running, 0.169.0 and 0.171.0' },
    { fact: 'where it publishes its document', from: 'https://chatgpt.com/oauth/codex/client.json' },
    {
      fact: 'searches for the authorization server at the MCP server first, under three paths, and goes on after any answer',
      from: 'https://github.com/openai/codex/blob/main/codex-rs/rmcp-client/src/auth_status.rs',
    },
    { fact: 'requests the scope of the challenge; one callback for all servers', from: 'seen running, 0.171.0' },
    {
      fact: 'older versions register a separate callback for each server',
      from: 'https://github.com/openai/codex/issues/30460',
    },
    { fact: 'omits resource when it refreshes', from: 'https://github.com/openai/codex/issues/33403' },
    {
      fact: 'fails without iss if iss is advertised; 0.143 to 0.146 also failed with it',
      from: 'https://github.com/openai/codex/issues/31573',
    },
  ],
  assumed: [
    'the members of its document except client_id, client_name, redirect_uris and the method',
    'the form of state',
    'the number of parallel refreshes',
  ],
  origin: null,
  opening: [{ method: 'GET', message: null, headers }],
  discovery: [
    {
      for: 'authorization server',
      at: [
        '/.well-known/oauth-authorization-server/mcp',
        '/mcp/.well-known/oauth-authorization-server',
        '/.well-known/oauth-authorization-server',
      ],
      headers,
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
    {
      for: 'protected resource',
      at: ['challenge', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
      headers,
      after: { notFound: 'goes on', fault: 'gives up', otherContent: 'gives up' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers,
      after: { notFound: 'goes on', fault: 'gives up', otherContent: 'gives up' },
    },
  ],
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://chatgpt.com/oauth/codex/client.json',
        client_name: 'Codex',
        redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      needs: ['documents', 'none'],
      authentication: 'none',
      redirectUris: ['http://127.0.0.1:{port}/callback'],
    },
    {
      name: 'registered',
      by: 'registration',
      body: {
        client_name: 'Codex',
        redirect_uris: ['http://127.0.0.1:{port}/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        response_types: ['code'],
        application_type: 'native',
      },
      filledIn: ['scope'],
      headers: { accept: '*/*' },
      times: 1,
      whenUnknown: 'registers again',
      preflight: null,
      redirectUris: ['http://127.0.0.1:{port}/callback'],
    },
    {
      name: 'registered by an older version',
      by: 'registration',
      body: {
        client_name: 'Codex',
        redirect_uris: ['http://127.0.0.1:{port}/callback/6MFBM1In3Ey-'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        response_types: ['code'],
        application_type: 'native',
      },
      filledIn: ['scope'],
      headers: { accept: '*/*' },
      times: 1,
      whenUnknown: 'registers again',
      preflight: null,
      redirectUris: ['http://127.0.0.1:{port}/callback/6MFBM1In3Ey-'],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 16, as: 'base64url' },
    iss: 'demanded when advertised',
  },
  tokens: {
    headers: { accept: 'application/json' },
    resource: { exchange: true, refresh: false },
    scopeOnRefresh: false,
    codeVerifier: { alphabet: 'base64url', length: 43 },
    parallelRefreshes: 3,
    refreshesEarly: 30,
  },
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'codex-mcp-client', version: '0.171.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
