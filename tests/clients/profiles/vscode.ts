import type { ClientProfile, HeaderFields } from '../driver/profile.ts'

const headers: HeaderFields = { accept: 'application/json', 'mcp-protocol-version': '2025-11-25' }

const profile: ClientProfile = {
  name: 'VS Code',
  sources: [
    { fact: 'the document, as published in September 2026', from: 'https://vscode.dev/oauth/client-metadata.json' },
    {
      fact: 'the registration, the well-known paths and its reaction to each answer, the comparison of resource',
      from: 'https://github.com/microsoft/vscode/blob/main/src/vs/base/common/oauth.ts',
    },
    {
      fact: 'state is 16 bytes in base64; another port if 33418 is in use',
      from: 'https://github.com/microsoft/vscode/blob/main/src/vs/workbench/api/node/loopbackServer.ts',
    },
    { fact: 'the device grant type in its document', from: 'https://github.com/stacklok/toolhive/issues/6290' },
  ],
  assumed: ['the number of parallel refreshes', 'it compares iss if the answer has one'],
  origin: null,
  opening: [
    {
      method: 'POST',
      message: 'initialize',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
    },
  ],
  discovery: [
    {
      for: 'protected resource',
      at: ['challenge'],
      headers,
      after: { notFound: 'gives up', fault: 'gives up', otherContent: 'gives up' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers,
      after: { notFound: 'goes on', fault: 'goes on', otherContent: 'goes on' },
    },
  ],
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_name: 'Visual Studio Code',
        logo_uri: 'https://code.visualstudio.com/assets/branding/code-stable.png',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        client_id: 'https://vscode.dev/oauth/client-metadata.json',
        client_uri: 'https://vscode.dev/product',
        redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'],
      },
      needs: ['documents'],
      authentication: 'none',
      redirectUris: ['http://127.0.0.1:33418/', 'http://127.0.0.1:{port}/', 'https://vscode.dev/redirect'],
    },
    {
      name: 'registered',
      by: 'registration',
      body: {
        client_name: 'Visual Studio Code',
        client_uri: 'https://code.visualstudio.com',
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        redirect_uris: [
          'https://insiders.vscode.dev/redirect',
          'https://vscode.dev/redirect',
          'http://127.0.0.1/',
          'http://127.0.0.1:33418/',
        ],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      filledIn: ['scope', 'grant_types'],
      headers: {},
      times: 1,
      whenUnknown: 'registers again',
      preflight: null,
      redirectUris: [
        'http://127.0.0.1:33418/',
        'http://127.0.0.1:{port}/',
        'https://vscode.dev/redirect',
        'https://insiders.vscode.dev/redirect',
      ],
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: false },
    resource: true,
    prompt: null,
    state: { bytes: 16, as: 'base64' },
    iss: 'compared',
  },
  tokens: {
    headers: { accept: 'application/json' },
    resource: { exchange: true, refresh: true },
    scopeOnRefresh: false,
    codeVerifier: { alphabet: 'base64url', length: 43 },
    parallelRefreshes: 2,
    refreshesEarly: 300,
  },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'Visual Studio Code', version: '1.116.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
