import type { ClientProfile } from '../driver/profile.ts'
import { sdkDiscovery, sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const agent = { 'user-agent': 'claude-code/2.1.332 (cli)' }

const profile: ClientProfile = {
  name: 'Claude Code',
  sources: [
    {
      fact: 'the document, as published in September 2026',
      from: 'https://claude.ai/oauth/claude-code-client-metadata',
    },
    { fact: 'its requests, in order, and the registration', from: 'seen running, 2.1.332' },
    {
      fact: 'publishes a redirect URI on localhost without a port, and uses one with a port',
      from: 'https://github.com/anthropics/claude-code/issues/90370',
    },
    {
      fact: 'takes the scope from the document of the resource, not from the challenge',
      from: 'seen running, 2.1.332',
    },
    { fact: 'sends server/discover when it lists its servers', from: 'seen running, 2.1.332' },
    {
      fact: 'several processes refresh with one token',
      from: 'https://github.com/anthropics/claude-code/issues/85236',
    },
    { fact: 'sometimes omits resource', from: 'https://github.com/anthropics/claude-code/issues/90497' },
    { fact: 'omits scope when it refreshes', from: 'https://github.com/anthropics/claude-code/issues/89862' },
    { fact: 'fails on a null in an answer', from: 'https://github.com/anthropics/claude-code/issues/52565' },
  ],
  assumed: [
    'it revokes both tokens at sign-out, although https://github.com/anthropics/claude-code/issues/42070 saw no revocation',
  ],
  origin: null,
  opening: [
    {
      method: 'POST',
      message: 'server/discover',
      headers: {
        ...sdkInitialize.headers,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'server/discover',
        ...agent,
      },
    },
    { ...sdkInitialize, headers: { ...sdkInitialize.headers, ...agent } },
  ],
  discovery: sdkDiscovery({
    'mcp-protocol-version': '2025-11-25',
    accept: 'application/json',
    'user-agent': 'Bun/1.3.2',
  }),
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
        client_name: 'Claude Code',
        client_uri: 'https://claude.ai',
        redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      needs: ['documents'],
      authentication: 'none',
      redirectUris: [
        'http://localhost:{port}/callback',
        'http://localhost:3118/callback',
        'http://127.0.0.1:{port}/callback',
      ],
    },
    {
      ...sdkRegistration,
      name: 'registered',
      body: {
        client_name: 'Claude Code (docs)',
        redirect_uris: ['http://localhost:{port}/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      filledIn: ['scope'],
      redirectUris: ['http://localhost:{port}/callback'],
    },
  ],
  authorization: {
    scope: { from: 'protected resource', offlineAccess: true },
    resource: true,
    prompt: 'consent',
    state: { bytes: 32, as: 'base64url' },
    iss: 'demanded when advertised',
  },
  tokens: { ...sdkTokens, resource: { exchange: true, refresh: false }, parallelRefreshes: 5, refreshesEarly: 300 },
  revokes: ['refresh_token', 'access_token'],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'claude-code', version: '2.1.332' },
    headers: agent,
    opensStream: true,
  },
}
export default profile
