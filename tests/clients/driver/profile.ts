/**
 * One MCP client as data: what it sends, in which order, and what it does with each answer. All members are required, so
 * that the compiler lists the facts that a new profile still lacks.
 */
export interface ClientProfile {
  /** The common name of the client. */
  readonly name: string
  readonly sources: readonly [Source, ...Source[]]
  /** Facts that were not observed. They follow the specification or related clients. */
  readonly assumed: readonly string[]
  /** The origin of the page in which the client runs, so that all requests are cross-origin; null: not in a page. */
  readonly origin: string | null
  /** Whether the user has typed the address with a slash at the end. */
  readonly finalSlash?: boolean
  /**
   * Its first requests to the MCP endpoint, without a token or with an invalid one. Empty: the client begins with
   * discovery.
   */
  readonly opening: readonly Opening[]
  /** The documents that it searches for, in order. Clients of 2025-03-26 do not use protected resource metadata. */
  readonly discovery: readonly [Search, ...Search[]]
  /** The ways in which it gets a client_id. The tests run each, with its own `redirectUris`. */
  readonly ways: readonly [Way, ...Way[]]
  readonly authorization: AuthorizationHabits
  readonly tokens: TokenHabits
  /** The tokens that it revokes when the user signs out. */
  readonly revokes: readonly TokenKind[]
  readonly mcp: McpHabits
}

/** The source of a fact. */
export interface Source {
  readonly fact: string
  /** A URL, or `seen running` with the version. */
  readonly from: string
}

export type HeaderFields = Readonly<Record<string, string>>

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [member: string]: Json
}

export interface Opening {
  readonly method: 'POST' | 'GET' | 'HEAD'
  readonly message: 'initialize' | 'server/discover' | null
  readonly headers: HeaderFields
}

/** Metadata documents, requested in order until one exists. */
export interface Search {
  readonly for: 'protected resource' | 'authorization server'
  /** Paths at the MCP server, or at the issuer; `challenge` is the URL that the 401 names. */
  readonly at: readonly [string, ...string[]]
  readonly headers: HeaderFields
  /** How it reacts to an answer that is not 200 with JSON. */
  readonly after: { readonly notFound: Reaction; readonly fault: Reaction; readonly otherContent: Reaction }
}
export type Reaction = 'goes on' | 'gives up'

export type Way = DocumentWay | RegistrationWay

interface AnyWay {
  /** Distinguishes it from the client's other ways. */
  readonly name: string
  /**
   * Its redirect URIs. The first sign-in uses the first, later ones use all. `{port}` stands for a free port, also in a
   * registration.
   */
  readonly redirectUris: readonly [string, ...string[]]
}

/** A client with a Client ID Metadata Document. */
export interface DocumentWay extends AnyWay {
  readonly by: 'document'
  /** The literal document. The driver serves it on this machine, with `client_id` and `jwks_uri` changed. */
  readonly document: ClientMetadataDocument
  /** What the server metadata must contain before the client uses this way. */
  readonly needs: readonly Need[]
  readonly authentication: 'none' | Assertion
}

export interface ClientMetadataDocument extends JsonObject {
  readonly client_id: string
}

/** `documents`: CIMD is supported; `none`: public clients are supported; `iss`: RFC 9207 is advertised. */
export type Need = 'documents' | 'none' | 'iss'

/** `private_key_jwt` with the key in the document's `jwks_uri`. */
export interface Assertion {
  readonly algorithm: 'RS256' | 'ES256'
  /** `endpoint`: the endpoint that receives the assertion. */
  readonly audience: 'issuer' | 'endpoint'
}

/** A client with dynamic registration. It uses the authentication method of the answer. */
export interface RegistrationWay extends AnyWay {
  readonly by: 'registration'
  /** The literal request body. */
  readonly body: JsonObject
  /** Members that depend on discovery: the scope, and the grant types that both sides support. */
  readonly filledIn: readonly ('scope' | 'grant_types')[]
  readonly headers: HeaderFields
  /** How often it registers for one sign-in. The last registration counts. */
  readonly times: 1 | 2
  /** How it reacts when the server no longer knows its registration. */
  readonly whenUnknown: 'registers again' | 'gives up'
  /** The headers of a request to the authorization endpoint that checks the registration; null: no such request. */
  readonly preflight: HeaderFields | null
}

export interface AuthorizationHabits {
  readonly scope: {
    /** The source of the scope; `nowhere`: it sends none. */
    readonly from: 'challenge' | 'protected resource' | 'authorization server' | 'nowhere'
    /** Whether it adds `offline_access` if the authorization server lists it. */
    readonly offlineAccess: boolean
  }
  readonly resource: boolean
  readonly prompt: 'consent' | null
  /** Random bytes as text, with an optional suffix; null: it sends no state. */
  readonly state: {
    readonly bytes: number
    readonly as: 'hex' | 'base64' | 'base64url'
    readonly suffix?: string
  } | null
  /** Parameters that the client does not encode, so that the URL contains their `:` and `/`. */
  readonly notEncoded?: readonly string[]
  /** How it treats `iss` in the answer. */
  readonly iss: 'ignored' | 'compared' | 'demanded when advertised'
}

export interface TokenHabits {
  readonly headers: HeaderFields
  readonly resource: { readonly exchange: boolean; readonly refresh: boolean }
  /** Whether it sends the scope of the authorization request again. */
  readonly scopeOnRefresh: boolean
  readonly codeVerifier: { readonly alphabet: 'base64url' | 'unreserved'; readonly length: number }
  /** How many processes or tabs refresh with one token at once. */
  readonly parallelRefreshes: number
  /** How many seconds before the access token expires it refreshes. */
  readonly refreshesEarly: number
}

export type TokenKind = 'refresh_token' | 'access_token'

export interface McpHabits {
  readonly version: '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Headers in addition to those that the revision requires. */
  readonly headers: HeaderFields
  /** Whether it requests a stream of server messages with GET once connected. */
  readonly opensStream: boolean
}
