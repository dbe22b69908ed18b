import type { AdminEntry } from '../account/admins.ts'
import { createListedProvider, type ProviderExtras } from '../oauth/providers/listed-provider.ts'
import type { ListedProvider } from '../oauth/providers/presets/preset.ts'
import { domainOf, speakerFor } from '../oauth/providers/presets/rules.ts'
import { type Identity, type OfferedProvider, type Provider, ProviderError } from '../oauth/providers/provider.ts'
import { adminsAmong, type ListedProviders, parseProviders } from '../settings/providers.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { SignInExtras } from './sign-in-extras.ts'

/** The providers of the settings. Loaded only where `MCP_PROVIDERS` is set. */
export interface ComposedProviders {
  /**
   * Returns the providers with their callbacks at an origin, the default one first. Empty: none is usable.
   *
   * @param own the provider of `UPSTREAM_ISSUER` with its callback there, if there is one
   * @param extras of roles and the vault. Only the claims of a provider with `role_claims` decide about roles
   */
  at(origin: string, own: Provider | false, extras?: SignInExtras['ofProvider']): Promise<readonly OfferedProvider[]>
  /** The admin entries, each with its provider. */
  readonly admins: readonly AdminEntry[]
}

export function composeProviders(
  { admins, signIn, brand }: Pick<SignInConfiguration, 'admins' | 'signIn' | 'brand'>,
  listed: ListedProviders,
): ComposedProviders {
  const defaultIssuer = signIn?.provider.kind === 'oidc' ? signIn.provider.issuer : undefined
  const { providers } = parseProviders(listed, defaultIssuer)
  return {
    async at(origin, own, extras) {
      const defaults = own ? [{ ...own, label: brand.provider, emailDomains: [], byDomainOnly: false }] : []
      const further = providers.map(async (each) => {
        const { emailDomains, byDomainOnly, emailOptional } = each
        return {
          ...(await createListedProvider(each, origin, Date.now, extrasOf(each, extras))),
          emailDomains,
          byDomainOnly,
          emailOptional,
        }
      })
      const all = [...defaults, ...(await Promise.all(further))]
      const offered = all.map((each) => withAuthority(each, all))
      // The default provider comes first, wherever it stands in the list.
      return offered.sort((one, other) => Number(one.name !== undefined) - Number(other.name !== undefined))
    },
    admins: adminsAmong(admins, { providers, defaultIssuer }).admins,
  }
}

/** The tokens of a provider say where they are from, so that no other provider is asked with them. */
function extrasOf({ name }: ListedProvider, { roleMarks, tokensIn }: Partial<SignInExtras['ofProvider']> = {}) {
  const named: ProviderExtras['tokensIn'] = tokensIn && ((text) => ({ ...tokensIn(text), provider: name }))
  return { roleMarks, tokensIn: named }
}

/**
 * Lets a provider speak only for email domains that are not listed for another one (N7). Such an address counts as unverified. At a
 * provider of the list, that is an account that cannot be used, unless the operator lets users sign in without an address.
 */
function withAuthority(
  provider: OfferedProvider & { readonly emailOptional?: boolean },
  all: readonly OfferedProvider[],
): OfferedProvider {
  return {
    ...provider,
    async identify(...answer) {
      const identity = await provider.identify(...answer)
      const owner = speakerFor(domainOf(identity.email ?? ''), all)
      return owner && owner.id !== provider.id ? withoutAuthority(identity, provider, owner) : identity
    },
  }
}

function withoutAuthority(
  identity: Identity,
  { emailOptional }: { readonly emailOptional?: boolean },
  owner: OfferedProvider,
): Identity {
  const { email: _, emailVerified: __, ...rest } = identity
  if (emailOptional === undefined) return { ...identity, emailVerified: false }
  if (emailOptional) return rest
  throw new ProviderError('unsuitable', 'another provider speaks for this email domain', {
    code: 'email_of_another_provider',
    remedy: `People with addresses of this domain sign in with ${owner.label}. Start again, and use that button or your address.`,
  })
}
