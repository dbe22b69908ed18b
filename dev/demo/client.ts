import { randomUUID } from 'node:crypto'
import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'

/** What the published client's own OAuth code keeps, in memory. */
export interface ClientMemory extends OAuthClientProvider {
  /** Where the client sent the person last. */
  authorizationUrl(): URL | undefined
  /** The state of that request. */
  sentState(): string
  currentTokens(): StoredOAuthTokens | undefined
  registration(): StoredOAuthClientInformation | undefined
}

/** A public client on this machine that registers itself; nothing listens at its redirect URI, since nobody is sent there. */
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
