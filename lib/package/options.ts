import type { Limit } from '../base/rate-limit.ts'
import type { OpenIdProviderOptions } from '../oauth/providers/openid-provider.ts'
import type { Provider } from '../oauth/providers/provider.ts'
import type { Person } from '../oauth/token/person.ts'
import type { RecordSignIn } from '../oauth/token/sign-in.ts'
import type { Brand, Shared } from '../pages/brand.ts'
import type { Store } from '../store/store.ts'

/** The options of `createAuthorizationServer`. */
export interface AuthorizationServerOptions {
  /** The origin of this server, in the spelling of browsers: `https://…`, or http on this machine. */
  readonly issuer: string
  /** Seals and signs everything that travels: 43 or more random characters of base64url. `newSecret()` makes one. */
  readonly secret: string
  /** Earlier secrets. They still open what they have sealed. */
  readonly previousSecrets?: readonly string[]
  /** Where grants and signing keys are. All instances of one issuer use the same store. */
  readonly store: Store
  /** The OpenID Provider at which users sign in, or an adapter for something else. */
  readonly provider: OpenIdProviderSettings | Provider
  /** The MCP server that tokens are for. */
  readonly resource: ResourceSettings
  readonly brand: BrandSettings
  /** The path to which the provider sends browsers back. Default: `/oauth/callback`. */
  readonly callbackPath?: string
  readonly clients?: ClientSettings
  readonly limits?: LimitSettings
  readonly lifetimes?: LifetimeSettings
  /** The tokens of resource servers that may call the introspection endpoint. If there are none, there is no endpoint. */
  readonly introspectionTokens?: readonly string[]
  /** Whether a person may have a scope. Asked at each sign-in and each refresh. If absent, every person may have every scope. */
  readonly mayHave?: (scope: string, person: Person) => boolean
  /** Called after each sign-in. No request waits for it. */
  readonly onSignIn?: RecordSignIn
  /** Writes one event. Ids appear as hashes, and no token or secret appears. If absent, nothing is logged. */
  readonly log?: (event: string, fields?: { readonly [name: string]: string | number | boolean | undefined }) => void
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

/** An OpenID Provider that is found by OpenID Connect Discovery. */
export interface OpenIdProviderSettings extends Pick<OpenIdProviderOptions, 'issuer' | 'clientId' | 'oddities'> {
  /** If absent, this server is a public client of the provider, which PKCE protects. */
  readonly clientSecret?: string
}

/** The MCP server that tokens are for. */
export interface ResourceSettings {
  /** Its URL, which clients name and which is the audience of every token: `https://tools.example.com/mcp`. */
  readonly url: string
  /** What users call it. */
  readonly name: string
  readonly documentationUrl?: string
  /** In the order in which pages and tokens name them. At least one is `initial`. */
  readonly scopes: readonly ScopeSettings[]
}

export interface ScopeSettings {
  /** RFC 6749 §3.3: no spaces, no quotes. */
  readonly name: string
  /** What it allows, for the consent page: `Read your tickets`. */
  readonly text: string
  /** Granted to a client that asks for no known scope. A client must ask for any other scope. */
  readonly initial?: boolean
  /** The user may leave it out on the consent page, if another scope remains. */
  readonly optional?: boolean
}

/** What users see on every page. */
export interface BrandSettings extends Omit<Brand, 'productName' | 'accentColor' | 'documentationUrl'> {
  /** `#rgb` or `#rrggbb`. Default: a gray. */
  readonly accentColor?: string
  /** What the consent page says that the user shares. Default: the email address and the organization. */
  readonly shared?: readonly Shared[]
}

/** Which clients may sign users in. */
export interface ClientSettings {
  /** Whether clients may register themselves (RFC 7591). Default: true. */
  readonly registration?: boolean
  /** A client must send this token to register. If absent, every client may. */
  readonly registrationToken?: string
  /** Clients that you configure, as RFC 7591 metadata with `client_id`, and `client_secret_sha256` for a secret. */
  readonly configured?: readonly object[]
  /** Hashes of client ids, hosts, or `before:<ISO date>` for registrations. */
  readonly blocked?: readonly string[]
  /** Hosts, hosts with a path, and whole URIs whose users need not confirm where an answer goes. Default: known vendors. */
  readonly trustedRedirects?: readonly string[]
}

/** How often one address may do something. `false` is no limit. */
export interface LimitSettings {
  /** Default: 20 an hour. */
  readonly registrations?: Limit | false
  /** For all addresses together. Default: 10,000 an hour. */
  readonly allRegistrations?: Limit | false
  /** Client metadata documents that an address makes this server fetch. Default: 30 in ten minutes. */
  readonly clientDocuments?: Limit | false
  /** CIDR ranges without limits. */
  readonly exempt?: readonly string[]
}

/** Seconds. */
export interface LifetimeSettings {
  /** Default: an hour. */
  readonly accessToken?: number
  /** An unused refresh token. Default: 30 days. */
  readonly refreshToken?: number
  /** From the approval to the end of everything that follows from it. Default: 180 days. */
  readonly grant?: number
  /** How long a refresh token that was used may be used again, for a client that lost the answer. Default: 60. */
  readonly grace?: number
  /** The time that the user has at the provider. Default: ten minutes. */
  readonly signIn?: number
}
