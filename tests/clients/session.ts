import { randomUUID } from 'node:crypto'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { defined } from '../../lib/base/defined.ts'

export const redirectUrl = 'http://127.0.0.1:33418/callback'

/** The values that the OAuth code of both SDKs reads and stores, in memory. */
export interface Session<Information, Tokens, Discovery> {
  readonly provider: Provider<Information, Tokens, Discovery>
  /** The URL to which the client last sent the user. */
  readonly authorizationUrl: URL | undefined
  /** The `state` of that URL. */
  readonly state: string
  readonly information: Information | undefined
  tokens: Tokens | undefined
}

/** The provider that an application hands to the SDK. */
interface Provider<Information, Tokens, Discovery> {
  readonly redirectUrl: string
  readonly clientMetadata: { client_name: string; redirect_uris: string[]; token_endpoint_auth_method: string }
  readonly clientMetadataUrl?: string
  state(): string
  clientInformation(): Information | undefined
  saveClientInformation(information: Information): void
  tokens(): Tokens | undefined
  saveTokens(tokens: Tokens): void
  redirectToAuthorization(url: URL): void
  saveCodeVerifier(verifier: string): void
  codeVerifier(): string
  discoveryState(): Discovery | undefined
  saveDiscoveryState(discovery: Discovery): void
  /** Called when the server no longer accepts what is stored. The client then starts again. */
  invalidateCredentials(what: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void
}

/** @param clientMetadataUrl the URL of the client's document (CIMD); absent: the client registers */
export function createSession<
  Information,
  Tokens extends { access_token: string; refresh_token?: string | undefined },
  Discovery,
>(clientMetadataUrl: string | undefined): Session<Information, Tokens, Discovery> {
  const state = randomUUID()
  let authorizationUrl: URL | undefined
  let information: Information | undefined
  let tokens: Tokens | undefined
  let codeVerifier = ''
  let discovery: Discovery | undefined
  return {
    state,
    get authorizationUrl() {
      return authorizationUrl
    },
    get information() {
      return information
    },
    get tokens() {
      return tokens
    },
    set tokens(changed) {
      tokens = changed
    },
    provider: {
      redirectUrl,
      clientMetadata: { client_name: 'SDK client', redirect_uris: [redirectUrl], token_endpoint_auth_method: 'none' },
      ...defined({ clientMetadataUrl }),
      state: () => state,
      clientInformation: () => information,
      saveClientInformation: (given) => {
        information = given
      },
      tokens: () => tokens,
      saveTokens: (given) => {
        keepSecret(given.access_token, given.refresh_token)
        tokens = given
      },
      redirectToAuthorization: (url) => {
        authorizationUrl = url
      },
      saveCodeVerifier: (given) => {
        keepSecret(given)
        codeVerifier = given
      },
      codeVerifier: () => codeVerifier,
      discoveryState: () => discovery,
      saveDiscoveryState: (given) => {
        discovery = given
      },
      invalidateCredentials: (what) => {
        if (what === 'all' || what === 'tokens') tokens = undefined
        if (what === 'all' || what === 'client') information = undefined
        if (what === 'all' || what === 'discovery') discovery = undefined
      },
    },
  }
}
