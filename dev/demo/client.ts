import { randomUUID } from 'node:crypto'
import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'

/** The memory of the published client's own OAuth code. */
export interface ClientMemory extends OAuthClientProvider {
  /** The last address that the client opened for the user. */
  authorizationUrl(): URL | undefined
  /** The `state` of that request. */
  sentState(): string
  currentTokens(): StoredOAuthTokens | undefined
  registration(): StoredOAuthClientInformation | undefined
}

/** Makes a public client on this machine, which registers itself. Nothing listens at its redirect URI: the demo reads the answer itself. */
export function createClientMemory(): ClientMemory {
  const redirectUrl = 'http://127.0.0.1:33418/callback'
  let sentState = ''
  const clientMetadata: OAuthClientMetadata = {
    client_name: 'Demo',
    redirect_uris: [redirectUrl],
    token_endpoint_auth_method: 'none',
  }
  let registration: StoredOAuthClientInformation | undefined
  let tokens: StoredOAuthTokens | undefined
  let verifier = ''
  let authorizationUrl: URL | undefined
  let discovered: OAuthDiscoveryState | undefined
  return {
    redirectUrl,
    clientMetadata,
    sentState: () => sentState,
    state: () => {
      sentState = randomUUID()
      return sentState
    },
    clientInformation: () => registration,
    saveClientInformation: (given) => {
      registration = given
    },
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given
    },
    codeVerifier: () => verifier,
    saveCodeVerifier: (given) => {
      verifier = given
    },
    discoveryState: () => discovered,
    saveDiscoveryState: (given) => {
      discovered = given
    },
    redirectToAuthorization: (url) => {
      authorizationUrl = url
    },
    authorizationUrl: () => authorizationUrl,
    currentTokens: () => tokens,
    registration: () => registration,
  }
}
