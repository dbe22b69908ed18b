import type { ClientMetadataDocument, ClientProfile } from '../driver/profile.ts'
import {
  rmcpAuthorization,
  rmcpDiscovery,
  rmcpMetadata,
  rmcpOpening,
  rmcpRegistration,
  rmcpSource,
  rmcpTokens,
} from '../driver/rmcp.ts'

/** The document of its first releases: no refresh token among its grants, and scopes of another service. */
const first: ClientMetadataDocument = {
  client_id: 'https://goose-docs.ai/oauth/client-metadata-of-april.json',
  client_name: 'goose',
  redirect_uris: ['http://localhost/oauth_callback'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: 'openid profile email',
  code_challenge_methods_supported: ['S256'],
}

const newest: ClientMetadataDocument = {
  client_id: 'https://goose-docs.ai/oauth/client-metadata.json',
  client_name: 'goose',
  logo_uri: 'https://goose-docs.ai/img/logo_light.png',
  redirect_uris: ['http://127.0.0.1/oauth_callback', 'http://[::1]/oauth_callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  code_challenge_methods_supported: ['S256'],
}

const profile: ClientProfile = {
  name: 'goose',
  sources: [
    {
      fact: 'its document, the redirect URI with any port, a refresh at each start; built on the Rust SDK',
      from: 'https://github.com/block/goose/blob/main/crates/goose/src/oauth/mod.rs',
    },
    {
      fact: 'its first document, which lists no refresh token grant although the client refreshes',
      from: 'https://github.com/aaif-goose/goose/blob/main/documentation/static/oauth/client-metadata.json',
    },
    { fact: 'the document, as published in August 2026', from: 'https://goose-docs.ai/oauth/client-metadata.json' },
    {
      fact: 'registers if the server has no CIMD',
      from: 'https://github.com/aaif-goose/goose/issues/9670',
    },
    rmcpSource,
  ],
  assumed: ['the version of the protocol, the number of parallel refreshes'],
  origin: null,
  opening: rmcpOpening,
  discovery: rmcpDiscovery,
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: newest,
      needs: ['documents', 'none'],
      authentication: 'none',
      redirectUris: ['http://127.0.0.1:{port}/oauth_callback'],
    },
    {
      name: 'with its first document',
      by: 'document',
      document: first,
      needs: ['documents', 'none'],
      authentication: 'none',
      redirectUris: ['http://localhost:{port}/oauth_callback'],
    },
    {
      ...rmcpRegistration,
      name: 'registered',
      body: { client_name: 'goose', redirect_uris: ['http://127.0.0.1:{port}/oauth_callback'], ...rmcpMetadata },
      redirectUris: ['http://127.0.0.1:{port}/oauth_callback'],
    },
  ],
  authorization: rmcpAuthorization,
  tokens: rmcpTokens,
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'goose', version: '1.40.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
