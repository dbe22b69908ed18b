import type { ClientMetadataDocument, ClientProfile } from '../driver/profile.ts'

const document: ClientMetadataDocument = {
  client_id: 'https://chatgpt.com/oauth/client.json',
  client_uri: 'https://chatgpt.com/',
  redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  client_name: 'ChatGPT',
  logo_uri: 'https://persistent.oaistatic.com/sonic/misc/openai-logo.png',
  token_endpoint_auth_signing_alg: 'RS256',
  jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
}

const profile: ClientProfile = {
  name: 'ChatGPT',
  sources: [
    {
      fact: 'the document, as published in September 2026',
      from: 'https://github.com/django-oauth/django-oauth-toolkit/issues/1845',
    },
    {
      fact: 'uses this document if iss is advertised and in every answer; compares issuers as strings',
      from: 'https://developers.openai.com/plugins/build/auth',
    },
    {
      fact: 'signs assertions if the server supports them, and is a public client otherwise',
      from: 'https://github.com/operately/operately/issues/5164',
    },
    { fact: 'requests every listed scope', from: 'https://github.com/usenotra/notra/issues/498' },
  ],
  assumed: [
    'the audience of an assertion is the token endpoint, as some report, not the issuer',
    'its headers, the form of state and of the code verifier, the number of parallel refreshes',
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
      after: { notFound: 'goes on', fault: 'gives up', otherContent: 'gives up' },
    },
    {
      for: 'authorization server',
      at: ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
      headers: { accept: 'application/json' },
      after: { notFound: 'goes on', fault: 'gives up', otherContent: 'gives up' },
    },
  ],
  ways: [
    {
      name: 'with assertions',
      by: 'document',
      document,
      needs: ['documents', 'iss'],
      authentication: { algorithm: 'RS256', audience: 'endpoint' },
      redirectUris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
    },
    {
      name: 'without',
      by: 'document',
      document,
      needs: ['documents', 'none', 'iss'],
      authentication: 'none',
      redirectUris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
    },
  ],
  authorization: {
    scope: { from: 'authorization server', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 24, as: 'base64url' },
    iss: 'demanded when advertised',
  },
  tokens: {
    headers: { accept: 'application/json' },
    resource: { exchange: true, refresh: true },
    scopeOnRefresh: false,
    codeVerifier: { alphabet: 'base64url', length: 43 },
    parallelRefreshes: 2,
    refreshesEarly: 0,
  },
  revokes: [],
  mcp: {
    version: '2025-11-25',
    clientInfo: { name: 'openai-mcp', version: '1.0.0' },
    headers: { 'user-agent': 'openai-mcp/1.0.0' },
    opensStream: false,
  },
}
export default profile
