import type { HeaderFields, Opening, RegistrationWay, Search, TokenHabits } from './profile.ts'

/** Shared by the clients on the TypeScript SDK (`@modelcontextprotocol/sdk` 1.x, observed with 1.32.2). */

const discoveryHeaders: HeaderFields = { 'mcp-protocol-version': '2025-11-25', accept: '*/*' }

export const sdkInitialize: Opening = {
  method: 'POST',
  message: 'initialize',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
}

/** The SDK goes on after any 4xx and after 502, and gives up after every other 5xx. */
export const sdkDiscovery = (
  headers: HeaderFields = discoveryHeaders,
): readonly [Search & { for: 'protected resource' }, Search & { for: 'authorization server' }] => [
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

export const sdkTokens: TokenHabits = {
  headers: { accept: 'application/json' },
  resource: { exchange: true, refresh: true },
  scopeOnRefresh: false,
  codeVerifier: { alphabet: 'unreserved', length: 43 },
  parallelRefreshes: 3,
  refreshesEarly: 0,
}

/** The SDK forgets a registration that is answered `invalid_client`, and registers again. */
export const sdkRegistration: Pick<RegistrationWay, 'by' | 'headers' | 'times' | 'whenUnknown' | 'preflight'> = {
  by: 'registration',
  headers: { accept: '*/*' },
  times: 1,
  whenUnknown: 'registers again',
  preflight: null,
}
