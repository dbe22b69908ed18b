import { PageError } from '../errors.ts'
import { providerButtons } from '../pages/provider-buttons.ts'
import { domainOf, speakerFor } from '../providers/presets/rules.ts'
import { callbackPath, type OfferedProvider, type Provider } from '../providers/provider.ts'
import type { AuthorizationContext, ProviderChoice } from './context.ts'
import { startAgainPath } from './request.ts'

/** The name of the default provider in a form. */
const defaultName = 'default'

/** Makes the choice among the providers of the list. Its code is loaded only where there is a list. */
export function createProviderChoice(
  context: AuthorizationContext,
  providers: readonly OfferedProvider[],
): ProviderChoice {
  const contexts = providers.map((provider) => ({
    ...context,
    provider,
    brand: { ...context.brand, provider: provider.label },
  }))
  const named = (name: string) => contexts.find(({ provider }) => (provider.name ?? defaultName) === name)
  return {
    buttons({ address, unknown }) {
      const hinted = address === undefined ? undefined : providerOfAddress(address, providers)
      return providerButtons({
        providers,
        hinted,
        entered: unknown ? (address ?? '') : undefined,
        brand: context.brand,
      })
    },
    chosen(form) {
      const action = form.get('action')
      // The page of an instance with one provider.
      if (action === 'approve') return contexts[0] ?? null
      if (action === 'approve:@') {
        const provider = providerOfAddress(form.get('address') ?? '', providers)
        return contexts.find((each) => each.provider === provider) ?? 'unknown'
      }
      return (action?.startsWith('approve:') && named(action.slice('approve:'.length))) || null
    },
    contextOf({ providerId, request: approved }, request) {
      const own = providerId === undefined ? contexts[0] : contexts.find(({ provider }) => provider.id === providerId)
      if (own) return requireOwnCallback(request, own)
      throw new PageError('sign-in-stuck', 'temporarily_unavailable', 'this way to sign in is not available any more', {
        again: startAgainPath(approved),
      })
    },
  }
}

/**
 * Requires the callback of the provider that the browser was sent to. A code that arrives elsewhere is from another provider, and
 * would be told to the token endpoint of this one (RFC 9700 §4.4). The sign-in stays open. Throws `PageError`.
 */
export function requireOwnCallback<T extends { readonly provider: Provider }>(request: Request, own: T): T {
  if (new URL(request.url).pathname === callbackPath(own.provider.name)) return own
  throw new PageError('other-browser', 'access_denied', 'the answer came to the callback of another provider')
}

/** Returns the provider for the domain of an email address. `undefined`: no provider is for that domain. */
export function providerOfAddress(address: string, providers: readonly OfferedProvider[]): OfferedProvider | undefined {
  if (!address.includes('@')) return undefined
  return speakerFor(domainOf(address), providers)
}
