/**
 * One MCP client as data: what it sends, in which order, and what it does with each answer. Everything is required, so
 * that the compiler tells who adds a client what is still to find out.
 */
export interface ClientProfile {
  /** What people call it. */
  readonly name: string
  readonly sources: readonly [Source, ...Source[]]
  /** Facts that are not observed. They follow the specification or related clients. */
  readonly assumed: readonly string[]
  /** Of the page that it runs in, whose browser then makes every request a cross-origin one; null: in no page. */
  readonly origin: string | null
  /** Its person has typed in the address with a slash at the end. */
  readonly finalSlash?: boolean
  /**
   * Its first requests to the MCP endpoint, without a token, or with something that is none. Empty: it begins with
   * discovery.
   */
  readonly opening: readonly Opening[]
  /** The documents that it looks for, in order. Clients of 2025-03-26 know no protected resource metadata. */
  readonly discovery: readonly [Search, ...Search[]]
  /** How it makes itself known; each is run, with `redirectUris` of its own. */
  readonly ways: readonly [Way, ...Way[]]
  readonly authorization: AuthorizationHabits
  readonly tokens: TokenHabits
  /** The tokens that it revokes by itself when the person signs out. */
  readonly revokes: readonly TokenKind[]
  readonly mcp: McpHabits
}

/** The source of a fact. */
export interface Source {
  readonly fact: string
  /** A URL; or that it was seen running, and which version. */
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

/** Metadata documents, asked for in order until one is there. */
export interface Search {
  readonly for: 'protected resource' | 'authorization server'
  /** Paths at the MCP server, or at the issuer; `challenge` is the URL that the 401 names. */
  readonly at: readonly [string, ...string[]]
  readonly headers: HeaderFields
  /** What it does after an answer that is not 200 with JSON. */
  readonly after: { readonly notFound: Reaction; readonly fault: Reaction; readonly otherContent: Reaction }
}
export type Reaction = 'goes on' | 'gives up'

export type Way = DocumentWay | RegistrationWay

interface AnyWay {
  /** Tells it from the client's other ways. */
  readonly name: string
  /**
   * What it listens at: the first for the first sign-in, all for later ones. `{port}` is a port that is free just then,
   * in a registration as well.
   */
  readonly redirectUris: readonly [string, ...string[]]
}

/** By a Client ID Metadata Document. */
export interface DocumentWay extends AnyWay {
  readonly by: 'document'
  /** Literally, with its own address; the driver serves it on this machine, with `client_id` and `jwks_uri` changed. */
  readonly document: ClientMetadataDocument
  /** What the server metadata must say before the client takes this way. */
  readonly needs: readonly Need[]
  readonly authentication: 'none' | Assertion
}

export interface ClientMetadataDocument extends JsonObject {
  readonly client_id: string
}

/** - `documents`: CIMD is supported; `none`: public clients are; `iss`: RFC 9207 is advertised. */
export type Need = 'documents' | 'none' | 'iss'

/** `private_key_jwt` with the key in the document's `jwks_uri`. */
export interface Assertion {
  readonly algorithm: 'RS256' | 'ES256'
  /** `endpoint`: the very one that it is sent to. */
  readonly audience: 'issuer' | 'endpoint'
}

/** By dynamic client registration. It authenticates as the answer says. */
export interface RegistrationWay extends AnyWay {
  readonly by: 'registration'
  /** Literally. */
  readonly body: JsonObject
  /** Members that are only known by then: the scope that it will ask for; its grant types as far as both support them. */
  readonly filledIn: readonly ('scope' | 'grant_types')[]
  readonly headers: HeaderFields
  /** How often it registers for one sign-in; the last one counts. */
  readonly times: 1 | 2
  /** What it does when its registration is no longer known. */
  readonly whenUnknown: 'registers again' | 'gives up'
  /** The headers of a request to the authorization endpoint by which it looks whether it is known, or null. */
  readonly preflight: HeaderFields | null
}

export interface AuthorizationHabits {
  readonly scope: {
    /** Where it takes the scope from; `nowhere`: it sends none. */
    readonly from: 'challenge' | 'protected resource' | 'authorization server' | 'nowhere'
    /** Adds `offline_access` where the authorization server lists it. */
    readonly offlineAccess: boolean
  }
  readonly resource: boolean
  readonly prompt: 'consent' | null
  /** Random bytes as text, or nothing; and what stands behind them. */
  readonly state: {
    readonly bytes: number
    readonly as: 'hex' | 'base64' | 'base64url'
    readonly suffix?: string
  } | null
  /** Parameters that the client does not encode: their `:` and `/` stand in the URL. */
  readonly notEncoded?: readonly string[]
  /** How it treats `iss` in the answer. */
  readonly iss: 'ignored' | 'compared' | 'demanded when advertised'
}

export interface TokenHabits {
  readonly headers: HeaderFields
  readonly resource: { readonly exchange: boolean; readonly refresh: boolean }
  /** Sends the scope of the authorization request again. */
  readonly scopeOnRefresh: boolean
  readonly codeVerifier: { readonly alphabet: 'base64url' | 'unreserved'; readonly length: number }
  /** So many processes or tabs refresh with one token at once. */
  readonly parallelRefreshes: number
  /** Refreshes so many seconds before the access token expires. */
  readonly refreshesEarly: number
}

export type TokenKind = 'refresh_token' | 'access_token'

export interface McpHabits {
  readonly version: '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** Beside those that the revision demands. */
  readonly headers: HeaderFields
  /** Asks for a stream of the server's own messages by GET, once connected. */
  readonly opensStream: boolean
}
