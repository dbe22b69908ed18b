/** How a resource server is set up. `createResourceServer` checks all of it. */
export interface ResourceServerOptions {
  /**
   * The URL of the MCP server exactly as clients call it, for example `https://mcp.example.com/mcp`. It is the resource identifier
   * (RFC 8707) and the audience that tokens must have.
   */
  readonly resource: string
  /** The authorization servers whose tokens are accepted, by their issuer. Clients use the first. */
  readonly authorizationServers: readonly (string | AuthorizationServerOptions)[]
  /** How tokens are validated, for every authorization server without a `validation` of its own. Default: `{ type: 'jwt' }`. */
  readonly validation?: Validation | undefined
  /** The introspection endpoint, for every authorization server without an `introspection` of its own. */
  readonly introspection?: IntrospectionOptions | undefined
  readonly scopes?: ScopeOptions | undefined
  /** The name of the MCP server, for people. */
  readonly resourceName?: string | undefined
  /** Where people read how to use the MCP server. */
  readonly documentationUrl?: string | undefined
  /** Seconds that the clocks may differ. Default 5; at most 120. */
  readonly clockTolerance?: number | undefined
  /** Is told what becomes of requests, without tokens and without what tokens say. Default: nothing is recorded. */
  readonly onEvent?: ((event: ResourceServerEvent) => void) | undefined
  /** Sends the requests to the authorization servers. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface AuthorizationServerOptions {
  /** The issuer, byte for byte as the server's metadata has it. Some end in a slash. */
  readonly issuer: string
  readonly validation?: Validation | undefined
  readonly introspection?: IntrospectionOptions | undefined
}

export type Validation = JwtValidation | IntrospectionValidation

/** What both kinds of validation ask of a token. */
export interface TokenRules {
  /** The audiences that are accepted. Default: the `resource`. */
  readonly audience?: string | readonly string[] | undefined
  /** Audiences that a token may have beside yours, such as the provider's own user info endpoint. Default: none. */
  readonly otherAudiences?: readonly string[] | undefined
  /**
   * Accepts tokens without an audience, of these clients only. Amazon Cognito issues such tokens. A token that has an audience must
   * still have yours.
   */
  readonly withoutAudience?: { readonly clientIds: readonly string[] } | undefined
  /** The values of `iss` in tokens. Default: the issuer of the authorization server. */
  readonly issuer?: string | readonly string[] | undefined
  /** The claims that hold scopes: a text with spaces, or a list. A dot goes into an object. Default: `scope` and `scp`. */
  readonly scopeClaims?: readonly string[] | undefined
  /** Claims that a token must have with exactly these values, for example `{ token_use: 'access' }`. */
  readonly requiredClaims?: Readonly<Record<string, string | number | boolean>> | undefined
}

/** Validates JWTs here, by the published keys of the authorization server, or by a secret that is shared with it. */
export interface JwtValidation extends TokenRules {
  readonly type: 'jwt'
  /** Where the keys are. Default: the `jwks_uri` of the authorization server's metadata. */
  readonly jwksUri?: string | undefined
  /** Default: `RS256`, `ES256` and `EdDSA`; with a `secret`, `HS256`. */
  readonly algorithms?: readonly ('RS256' | 'ES256' | 'EdDSA' | 'HS256')[] | undefined
  /** At least 32 bytes. With it, HS256 is the only algorithm, and published keys are never used. */
  readonly secret?: string | undefined
  /** Milliseconds after which the keys are read again, while the old ones are still in use. Default: 10 minutes. */
  readonly cacheMaxAge?: number | undefined
  /** Milliseconds during which the last keys stay good while the authorization server is down. Default: 24 hours. */
  readonly cacheMaxStale?: number | undefined
}

/** Asks the authorization server about each token (RFC 7662). */
export interface IntrospectionValidation extends TokenRules {
  readonly type: 'introspection'
}

export interface IntrospectionOptions {
  /** Default: the `introspection_endpoint` of the authorization server's metadata. */
  readonly endpoint?: string | undefined
  readonly clientId: string
  readonly clientSecret: string
  /** How the resource server authenticates there. Default: `client_secret_basic`. */
  readonly authentication?: 'client_secret_basic' | 'client_secret_post' | undefined
  /** Milliseconds during which an answer is used again. A revocation is noticed that late. Default: 30 seconds; at most 5 minutes. */
  readonly cacheTtl?: number | undefined
}

export interface ScopeOptions {
  /** The scopes that every request needs. */
  readonly required?: readonly string[] | undefined
  /** The scopes that calls of a tool need beside those. With it, the body of each request is read before the MCP server gets it. */
  readonly tools?: Readonly<Record<string, readonly string[]>> | undefined
  /** The scopes that a client asks for when a user signs in. Default: `required`. */
  readonly signIn?: readonly string[] | undefined
  /** The scopes that the metadata lists. Default: `required`. */
  readonly supported?: readonly string[] | undefined
  /** What clients put before each scope when they ask for it. At Microsoft Entra ID it is `api://<application>/`. */
  readonly requestPrefix?: string | undefined
}

export type ResourceServerEvent =
  /** A request got 400, 401 or 403. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** A request got 503, or keys could not be read again: the authorization server is down, or its answer is wrong. */
  | { readonly kind: 'unavailable'; readonly issuer: string; readonly reason: string }
