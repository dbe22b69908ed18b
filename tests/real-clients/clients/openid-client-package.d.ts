/** The part of openid-client 6 that is used here. The package is installed separately, without a type check. */
declare module 'openid-client' {
  export interface Configuration {
    clientMetadata(): { readonly client_id: string }
  }
  /** A client authentication method, which only the library creates and uses. */
  export type ClientAuth = (...given: never[]) => void
  interface Tokens {
    readonly access_token: string
    readonly refresh_token?: string
  }
  type Parameters = Readonly<Record<string, string>>

  export function None(): ClientAuth
  export function ClientSecretBasic(): ClientAuth
  export function ClientSecretPost(): ClientAuth
  export function PrivateKeyJwt(key: { readonly key: CryptoKey; readonly kid: string }): ClientAuth
  export function allowInsecureRequests(configuration: Configuration): void
  export function dynamicClientRegistration(
    server: URL,
    metadata: object,
    authentication: ClientAuth,
    options: { readonly algorithm: 'oauth2'; readonly execute: readonly (typeof allowInsecureRequests)[] },
  ): Promise<Configuration>
  export function randomPKCECodeVerifier(): string
  export function randomState(): string
  export function calculatePKCECodeChallenge(verifier: string): Promise<string>
  export function buildAuthorizationUrl(configuration: Configuration, parameters: Parameters): URL
  export function authorizationCodeGrant(
    configuration: Configuration,
    answer: URL,
    checks: { readonly pkceCodeVerifier: string; readonly expectedState: string },
    parameters: Parameters,
  ): Promise<Tokens>
  export function refreshTokenGrant(
    configuration: Configuration,
    refreshToken: string,
    parameters: Parameters,
  ): Promise<Tokens>
  export function tokenRevocation(configuration: Configuration, token: string): Promise<void>
  export function fetchProtectedResource(
    configuration: Configuration,
    accessToken: string,
    url: URL,
    method: string,
    body: string,
    headers: Headers,
  ): Promise<Response>
}
