import type { ClientProfile } from '../driver/profile.ts'

const profile: ClientProfile = {
  name: 'Claude',
  sources: [
    { fact: 'the document, as published in September 2026', from: 'https://claude.ai/oauth/mcp-oauth-client-metadata' },
    {
      fact: 'uses the document only if CIMD is advertised together with `none`, and only the first authorization server',
      from: 'https://claude.com/docs/connectors/building/authentication',
    },
    {
      fact: 'registers with client_secret_post, and uses the method of the answer',
      from: 'https://github.com/anthropics/claude-ai-mcp/issues/82',
    },
    { fact: 'registers from python-httpx/0.28.1', from: 'https://github.com/anthropics/claude-ai-mcp/issues/1043' },
    {
      fact: 'registers twice for each attempt to connect',
      from: 'https://github.com/anthropics/claude-ai-mcp/issues/966',
    },
    { fact: 'sends a GET before it connects', from: 'https://github.com/brendanlong/lion-reader/pull/736' },
    {
      fact: 'takes the scope from the metadata, with offline_access only if listed',
      from: 'https://github.com/anthropics/claude-ai-mcp/issues/228',
    },
    {
      fact: 'revokes nothing when a connector is removed',
      from: 'https://github.com/anthropics/claude-ai-mcp/issues/451',
    },
  ],
  assumed: ['the form of state and of the code verifier', 'the order of the well-known paths', 'how it treats iss'],
  origin: null,
  opening: [
    { method: 'GET', message: null, headers: { accept: 'text/event-stream' } },
    {
      method: 'POST',
      message: 'initialize',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'user-agent': 'python-httpx/0.28.1',
      },
    },
  ],
  discovery: [
    {
      for: 'protected resource',
      at: ['challenge', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
      headers: { accept: '*/*', 'user-agent': 'python-httpx/0.28.1' },
      after: { notFound: 'goes on', fault: 'gives up', otherContent: 'gives up' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers: { accept: '*/*', 'user-agent': 'python-httpx/0.28.1' },
      after: { notFound: 'goes on', fault: 'gives up', otherContent: 'gives up' },
    },
  ],
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
        client_name: 'Claude',
        client_uri: 'https://claude.ai',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      needs: ['documents', 'none'],
      authentication: 'none',
      redirectUris: ['https://claude.ai/api/mcp/auth_callback'],
    },
    {
      name: 'registered',
      by: 'registration',
      body: {
        client_name: 'claudeai',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        scope: 'claudeai',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
      },
      filledIn: [],
      headers: { accept: '*/*', 'user-agent': 'python-httpx/0.28.1' },
      times: 2,
      whenUnknown: 'registers again',
      preflight: null,
      redirectUris: ['https://claude.ai/api/mcp/auth_callback'],
    },
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'base64url' },
    iss: 'compared',
  },
  tokens: {
    headers: { accept: '*/*', 'user-agent': 'python-httpx/0.28.1' },
    resource: { exchange: true, refresh: true },
    scopeOnRefresh: false,
    codeVerifier: { alphabet: 'base64url', length: 43 },
    parallelRefreshes: 2,
    refreshesEarly: 300,
  },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'claude-ai', version: '0.1.0' },
    headers: { 'user-agent': 'Claude-User' },
    opensStream: false,
  },
}
export default profile
