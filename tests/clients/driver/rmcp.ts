import type { AuthorizationHabits, HeaderFields, Opening, RegistrationWay, Search, TokenHabits } from './profile.ts'

/** Shared by the clients on the Rust SDK (`rmcp`): observed with Codex, the rest from its source. */
export const rmcpSource = {
  fact: 'as in the Rust SDK: the headers and order of discovery, the members of a registration, no resource in a refresh',
  from: 'https://github.com/modelcontextprotocol/rust-sdk/blob/main/crates/rmcp/src/transport/auth.rs',
}

const headers: HeaderFields = { 'mcp-protocol-version': '2024-11-05', accept: '*/*' }

/** It sends the message, which is refused, and then a GET to the same address. */
export const rmcpOpening: readonly Opening[] = [
  {
    method: 'POST',
    message: 'initialize',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream, application/json' },
  },
  { method: 'GET', message: null, headers },
]

export const rmcpDiscovery: readonly [Search, Search] = [
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
]

export const rmcpRegistration: Pick<
  RegistrationWay,
  'by' | 'headers' | 'times' | 'whenUnknown' | 'preflight' | 'filledIn'
> = {
  by: 'registration',
  headers: { accept: '*/*' },
  times: 1,
  whenUnknown: 'registers again',
  preflight: null,
  filledIn: ['scope'],
}

export const rmcpMetadata = {
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  response_types: ['code'],
}

export const rmcpAuthorization: AuthorizationHabits = {
  scope: { from: 'challenge', offlineAccess: true },
  resource: true,
  prompt: null,
  state: { bytes: 16, as: 'base64url' },
  iss: 'compared',
}

export const rmcpTokens: TokenHabits = {
  headers: { accept: 'application/json' },
  resource: { exchange: true, refresh: false },
  scopeOnRefresh: false,
  codeVerifier: { alphabet: 'base64url', length: 43 },
  parallelRefreshes: 3,
  refreshesEarly: 30,
}
