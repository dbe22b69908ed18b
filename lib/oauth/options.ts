import type { Log } from '../base/log.ts'
import type { GuessLimit } from '../base/rate-limit.ts'
import type { Brand } from '../pages/brand.ts'
import type { Store } from '../store/store.ts'
import type { GrantHandler } from './assertions/grant-handler.ts'
import type { StorelessGrants } from './assertions/storeless-grant.ts'
import type { BlockedClients } from './clients/blocked-clients.ts'
import type { KeySets } from './clients/published/key-sets.ts'
import type { RedirectPolicy } from './clients/redirect-uri.ts'
import type { Registrations } from './clients/registration.ts'
import type { RegistrationOptions } from './clients/registration-endpoint.ts'
import type { Clients } from './clients/resolve.ts'
import type { RecordStep } from './flow-step.ts'
import type { Grants } from './grants/grants.ts'
import type { GrantKey } from './grants/record.ts'
import type { ChooseSigning } from './keys/compact.ts'
import type { Sealing } from './keys/sealing.ts'
import type { PublicKeys, SigningKeys } from './keys/signing-keys.ts'
import type { Identity, OfferedProvider, Provider } from './providers/provider.ts'
import type { ScopeRules } from './scope-rules.ts'
import type { Scopes } from './scopes.ts'
import type { IntrospectionOptions } from './token/introspection-endpoint.ts'
import type { Person } from './token/person.ts'
import type { RefreshToken } from './token/refresh-token.ts'
import type { RecordSignIn } from './token/sign-in.ts'
import type { FlowCall } from './trail.ts'
import type { Rechecked } from './vault/recheck.ts'

/** What discovery needs. Discovery works even when the rest of the configuration is wrong (F-000-39). */
export interface DiscoveryOptions {
  /** The configured issuer, without a trailing slash. */
  readonly issuer: string
  /** The URL of the protected resource, without a slash at its end. Its metadata is served if it is at the issuer's origin. */
  readonly resource: string
  readonly scopes: Scopes
  readonly brand: Brand
  readonly documentationUrl?: string | undefined
  /** The scopes that the metadata offers. If absent, all of them. */
  readonly scopesOffered?: readonly string[]
  /** Where the OpenID Provider sends browsers back. If absent, `paths.callback`. */
  readonly callbackPath?: string
  readonly publicKeys: PublicKeys
  /** Removes the registration endpoint, from the paths and from the metadata. */
  readonly registrationOff?: boolean
  /** Adds the introspection endpoint. */
  readonly introspectionOn?: boolean
  /** Goes into the metadata. If set, each new grant asks whether its address was ended. */
  readonly revocation?: { readonly global_token_revocation_endpoint: string } | undefined
  /** Removes the promise of `iss` from the metadata. Every authorization response carries `iss` either way (D-10). */
  readonly issNotAdvertised?: boolean
  /** What the metadata says besides, or instead: the grant types that the operator has switched on. */
  readonly metadata?: object | undefined
  readonly log: Log
}

/** A person who has signed in at the OpenID Provider, for a session of their browser. */
export interface SessionStart {
  readonly sub: string
  readonly person: Person
  /** The issuer of the provider, as in its ID token. */
  readonly provider: string
  /** When the person signed in there, in seconds since the epoch. Absent if the provider does not say. */
  readonly signedInAt?: number | undefined
  /** When the browser was sent there, in seconds since the epoch. */
  readonly begunAt?: number | undefined
  /** The hash of the session of this browser there. Absent if the provider names none. */
  readonly providerSession?: string | undefined
}

/** What `/login` needs: sign-ins of browsers to our own pages. */
export interface SessionFlow {
  /** The one origin of these pages. `/login` and its callback answer there only (N13). */
  readonly origin: string
  /** The provider, with the callback at this origin. */
  readonly provider: Provider
  /** The providers of the list with their callbacks at this origin, `provider` first. Absent: there is no list. */
  readonly providers?: readonly OfferedProvider[] | undefined
  /** Returns the cookie of a new session. */
  readonly start: (start: SessionStart) => Promise<string>
  /** Records a new session, after the answer. */
  readonly record?: (start: SessionStart) => Promise<void>
}

/** What the flow needs of the vault (N12). */
export interface VaultFlow {
  /** Keeps the tokens of a new sign-in. Throws `StoreUnavailable`. */
  keep(grant: GrantKey, identity: Identity, signal: AbortSignal): Promise<void>
  /** Asks the provider about the person of a refresh, at most once a day. Throws `OAuthError` after ending the grant. */
  recheck(grants: Grants, token: RefreshToken, signal: AbortSignal): Promise<Rechecked>
  /** Notes that a grant has ended. */
  ended(grant: GrantKey, signal: AbortSignal): Promise<void>
}

/** What all other endpoints need. */
export interface FlowOptions {
  readonly store: Store
  readonly sealing: Sealing
  readonly signingKeys: SigningKeys
  /** Chooses how access tokens are signed. If absent, `signByLoad`. */
  readonly chooseSigning?: ChooseSigning | undefined
  readonly clients: Clients
  readonly registrations: Registrations
  /** Limits registration. If absent, any client may register without a limit. */
  readonly registration?: Pick<RegistrationOptions, 'limit' | 'overallLimit' | 'doctors' | 'initialAccessToken'>
  /** The tokens that open the introspection endpoint. If absent, none does. */
  readonly introspection?: Pick<IntrospectionOptions, 'tokens' | 'limit'>
  /** The clients that the operator has blocked. `clients` and `registrations` must use the same list. */
  readonly blocked?: BlockedClients
  /** Resolves blocked clients too, which may still revoke their grants. If absent, `clients`. */
  readonly clientsOfAll?: Clients
  /** The keys that clients publish. */
  readonly keySets: KeySets
  /** Limits the wrong secrets that one address may send for one client. If absent, there is no limit. */
  readonly secretGuesses?: GuessLimit
  /** The grant types that the operator has switched on, by their names. */
  readonly further?: ReadonlyMap<string, GrantHandler> | undefined
  /** Checks and ends the tokens of these grant types. */
  readonly storeless?: StorelessGrants | undefined
  readonly redirectPolicy: RedirectPolicy
  /** Entries for `isTrustedRedirect`: hosts, hosts with a path, and whole URIs. */
  readonly trustedRedirects: ReadonlySet<string>
  /** If false, a user who comes directly to a client on a trusted host sees no consent page. */
  readonly interstitial: boolean
  readonly provider: Provider
  /** The providers of the list, `provider` first. The user chooses on the consent page. Absent: there is no list. */
  readonly providers?: readonly OfferedProvider[] | undefined
  /** Serves the endpoint of the development mock, which then stands in for the OpenID Provider. */
  readonly mock: boolean
  readonly recordSignIn: RecordSignIn
  /** Who may have which scope. If absent, no person has the scope of admins, and every person has the others. */
  readonly scopeRules?: ScopeRules
  /** Keeps the provider's tokens. If absent, they are thrown away. */
  readonly vault?: VaultFlow
  /** Signs browsers in to our own pages. If absent, there is no `/login`. */
  readonly session?: SessionFlow
  /** Records each step of the flow. If absent, no step is recorded. */
  readonly recordStep?: RecordStep
  /** Adds the code of the attempt to every further log line of the request. */
  readonly noteAttempt?: (code: string) => void
  /** Seconds. The lifetimes of codes, pages and cookies are in `capabilities.ts`. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly grant: number
    readonly grace: number
  }
  /** Seconds that the user has for the sign-in after approval. If absent, 600. */
  readonly signInLifetime?: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Answers one endpoint. Throws `OAuthError`, `StoreUnavailable`, and the errors that `isOurFault` recognizes. */
export type Handler = (request: Request, call: FlowCall) => Promise<Response> | Response
