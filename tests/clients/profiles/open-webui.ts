import type { ClientProfile, HeaderFields } from '../driver/profile.ts'
import { sdkInitialize, sdkRegistration, sdkTokens } from '../driver/sdk.ts'

const headers: HeaderFields = { accept: '*/*', 'user-agent': 'Python/3.11 aiohttp/3.12.15' }
/** The path contains a colon, because the name of the connection is `mcp:docs`. */
const redirectUri = 'https://chat.example.com/oauth/clients/mcp:docs/callback'
const body = {
  client_name: 'Open WebUI',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}

const profile: ClientProfile = {
  name: 'Open WebUI',
  sources: [
    {
      fact: 'the registration with every scope of the authorization server, the first method that it lists, the redirect URI, the well-known paths, S256; the tokens by Authlib',
      from: 'https://github.com/open-webui/open-webui/blob/main/backend/open_webui/utils/oauth.py',
    },
    { fact: 'what Authlib sends', from: 'https://docs.authlib.org/en/latest/client/oauth2.html' },
  ],
  assumed: [
    'its first request, which gets the challenge',
    'its older releases use client_secret_post, as the Python SDK does by default',
    'whether resource is sent, the number of parallel refreshes',
  ],
  origin: null,
  opening: [{ ...sdkInitialize, headers: { ...sdkInitialize.headers, ...headers } }],
  discovery: [
    {
      for: 'protected resource',
      at: ['challenge', '/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'],
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
    {
      ...sdkRegistration,
      name: 'registered',
      body: { ...body, token_endpoint_auth_method: 'none' },
      filledIn: ['scope'],
      headers,
      whenUnknown: 'gives up',
      redirectUris: [redirectUri],
    },
    {
      ...sdkRegistration,
      name: 'registered with a secret',
      body: { ...body, token_endpoint_auth_method: 'client_secret_post' },
      filledIn: ['scope'],
      headers,
      whenUnknown: 'gives up',
      redirectUris: [redirectUri],
    },
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 21, as: 'base64url' },
    iss: 'ignored',
  },
  tokens: {
    ...sdkTokens,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    codeVerifier: { alphabet: 'base64url', length: 48 },
  },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'mcp', version: '0.1.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
