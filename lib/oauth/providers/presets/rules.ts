import { domainToASCII } from 'node:url'
import { isObject } from '../../../base/json.ts'
import type { Claims } from '../openid-provider.ts'
import { type Identity, ProviderError } from '../provider.ts'
import type { ListedProvider, Organization, Preset } from './preset.ts'

/** The most characters of an organization's id or name, with the name of its provider. */
const longest = 96

/**
 * Applies the rules of a preset and of the operator to a person of a listed provider: which email address counts, and which
 * organization. Throws `ProviderError` of kind `unsuitable`, with what the user can do.
 */
export function ruled(identity: Identity, claims: Claims, preset: Preset, listed: ListedProvider): Identity {
  const { email, emailVerified: _, organization: __, ...person } = identity
  const organization = organizationOf(claims, preset, listed)
  const isVerified = email !== undefined && preset.isVerified(claims, email)
  if (!isVerified && !listed.emailOptional) {
    throw new ProviderError('unsuitable', 'the provider has not verified an email address of this account', {
      code: 'email_not_verified',
      remedy: preset.remedy,
    })
  }
  return {
    ...person,
    ...(isVerified && { email, emailVerified: true }),
    ...(organization && { organization }),
  }
}

/** Returns the organization of the claims. Throws `ProviderError` if people of that organization may not sign in. */
function organizationOf(
  claims: Claims,
  preset: Preset,
  listed: ListedProvider,
): { readonly id?: string; readonly name?: string } | undefined {
  const { organizationClaim: claim, organizationNameClaim: nameClaim, organizations: allowed } = listed
  const names = claim === undefined ? preset.organization : { id: claim, name: nameClaim }
  const found = names ? organizationsIn(claims[names.id]) : []
  const fitting = Array.isArray(allowed) ? found.filter(({ id }) => id !== undefined && allowed.includes(id)) : found
  if (Array.isArray(allowed) && fitting.length === 0) {
    throw new ProviderError('unsuitable', 'the organization may not sign in here', {
      code: 'organization_not_allowed',
      remedy: 'Sign in with an account of an organization that this service knows, or ask its operator to add yours.',
    })
  }
  if (listed.organization) return inProvider(listed.organization, listed)
  // Of several organizations, only the operator's list says which one counts.
  const [one] = fitting.length === 1 || Array.isArray(allowed) ? fitting : []
  const named = names?.name === undefined ? undefined : claims[names.name]
  return one && inProvider({ ...one, ...(typeof named === 'string' && { name: named }) }, listed)
}

/** Reads a claim: a text, a list of texts, or an object by name with an id for each (Keycloak). */
function organizationsIn(value: unknown): readonly Organization[] {
  if (typeof value === 'string') return [{ id: value }]
  if (Array.isArray(value)) return value.flatMap((each) => (typeof each === 'string' ? [{ id: each }] : []))
  if (!isObject(value)) return []
  return Object.entries(value).map(([name, about]) => ({
    id: isObject(about) && typeof about.id === 'string' ? about.id : name,
    name,
  }))
}

/** Adds the provider to the id, so that no provider can claim an organization of another. The default provider's stay as they are. */
function inProvider({ id, name }: Organization, { name: provider }: ListedProvider) {
  const whole = id && (provider === undefined ? id : `${provider}:${id}`)
  return {
    ...(isPlain(whole) && { id: whole }),
    ...(isPlain(name) && { name }),
  }
}

const isPlain = (text: string | undefined): text is string =>
  text !== undefined && text.trim() !== '' && text.length <= longest && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text)

/** Returns the domain of an email address, in lower case and in punycode. */
export const domainOf = (email: string): string =>
  domainToASCII(email.slice(email.lastIndexOf('@') + 1).trim()).replace(/\.$/, '')

/**
 * Finds the provider that speaks for an email domain: the one with that domain in its list, or with the nearest domain above it. So a
 * provider for `example.com` does not speak for `lab.example.com` where another one lists that (N7).
 */
export function speakerFor<T extends { readonly emailDomains: readonly string[] }>(
  domain: string,
  providers: readonly T[],
): T | undefined {
  const labels = domain.split('.')
  const upwards = labels.map((_, index) => labels.slice(index).join('.'))
  const nearest = upwards.find((name) => providers.some(({ emailDomains }) => emailDomains.includes(name)))
  return nearest === undefined ? undefined : providers.find(({ emailDomains }) => emailDomains.includes(nearest))
}
