import type { Claims, Oddities } from '../openid-provider.ts'
import type { ProviderPrompt } from '../provider.ts'

/** The provider that the settings list beside the default one, or in its place. */
export interface ListedProvider {
  /** The end of its callback path. Absent: it is the default provider. */
  readonly name?: string | undefined
  readonly preset: string
  /** What users read on its button. */
  readonly label?: string | undefined
  /** The issuer. With a preset that has one: another server of the same kind. */
  readonly issuer?: string | undefined
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** Scopes beside those of the preset. */
  readonly scopes: readonly string[]
  /** Email domains for which this provider alone may speak (N7). */
  readonly emailDomains: readonly string[]
  /** It has no button: users find it by the domain of their email address. */
  readonly byDomainOnly: boolean
  /** The only organizations whose people may sign in. Absent or `any`: all of them. */
  readonly organizations?: readonly string[] | 'any' | undefined
  /** The claim that has the id of the organization, instead of the preset's. */
  readonly organizationClaim?: string | undefined
  readonly organizationNameClaim?: string | undefined
  /** The organization of everybody who signs in there. */
  readonly organization?: Organization | undefined
  /** A user whose email address is not verified may sign in without it. */
  readonly emailOptional: boolean
  /** Claims of this provider decide about roles. */
  readonly roleClaims: boolean
}

export interface Organization {
  readonly id?: string | undefined
  readonly name?: string | undefined
}

/** What is known of a provider before anything is configured. Each file beside this one has one, with the pages that say so. */
export interface Preset {
  /** The name that users know. */
  readonly label: string
  /** The issuer, where all customers have the same. */
  readonly issuer?: string
  /** The provider has no public clients. */
  readonly needsSecret?: boolean
  readonly scope?: string
  /** The values of `prompt` that the provider takes for ours. A value that is absent here is sent as it is; `null` sends none. */
  readonly prompts?: Readonly<Partial<Record<ProviderPrompt, string | null>>>
  /** The claim that has the id of the user's organization, and the one that has its name. */
  readonly organization?: { readonly id: string; readonly name?: string }
  /** Whether the provider has verified the email address of these claims. */
  readonly isVerified: (claims: Claims, email: string) => boolean
  /** What a user without a verified address can do. One or two sentences. */
  readonly remedy: string
  readonly oddities?: (provider: ListedProvider) => Oddities
  /** How the provider is asked for a refresh token, which the vault keeps. Absent: by the scope `offline_access`. */
  readonly offline?: { readonly scope?: string; readonly parameters?: NonNullable<Oddities['parameters']> }
}

/** The rule of OpenID Connect Core §5.1. Cognito and others write the boolean as text, which the caller has already read. */
export const saysVerified = ({ email_verified: verified }: Claims): boolean => verified === true || verified === 'true'
