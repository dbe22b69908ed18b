import { mailDomain } from '../base/mail-domain.ts'
import { createInstanceLimit } from '../limits/instance-limit.ts'
import type { GrantHandlerOptions } from '../oauth/assertions/grant-handler.ts'
import { createMoreGrants, grantMetadata } from '../oauth/assertions/more-grants.ts'
import type { Assertions, Tenant } from '../oauth/assertions/trusted-issuer.ts'
import { capabilities } from '../oauth/capabilities.ts'
import type { FlowOptions } from '../oauth/options.ts'
import type { Provider } from '../oauth/providers/provider.ts'
import { readDocument } from '../oauth/providers/provider-http.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import { blockedReaderOf, composeStorelessGrants } from './storeless-grants.ts'

/** How many refused assertions an instance takes from one address. */
const refusals = { limit: 300, windowSeconds: 3600 }

/**
 * Composes what companies and machines need at the token endpoint. This code is loaded only where the operator has switched one of
 * them on.
 */
export function composeAssertions(configuration: SignInConfiguration, assertions: Assertions) {
  return {
    metadata: grantMetadata(assertions, capabilities.grantTypes),
    /** Makes OpenID Providers that cannot speak for the domains of companies. */
    guarded({ provider, providers }: { provider: Provider | undefined } & Pick<FlowOptions, 'providers'>) {
      const guarded = providers?.map((each) => withoutDomainsOf(assertions.tenants, each))
      const first = provider && withoutDomainsOf(assertions.tenants, provider)
      return { provider: guarded ? guarded[0] : first, providers: guarded }
    },
    /** What the flow has besides. `clients` finds the clients of companies and of machines. */
    flow(
      { store, ...options }: Pick<GrantHandlerOptions, 'clients' | 'now'> & { store: Store },
      exempt: Parameters<typeof createInstanceLimit>[0]['exempt'],
    ): Pick<FlowOptions, 'further' | 'storeless'> {
      const { issuer, resource } = configuration
      return {
        further: createMoreGrants({
          ...options,
          issuer,
          resource,
          assertions,
          store,
          readBlocked: blockedReaderOf(configuration, store),
          readIssuerDocument: readDocument,
          refusals: createInstanceLimit({ ...refusals, exempt, now: options.now }),
          log,
        }),
        storeless: composeStorelessGrants(configuration, assertions, store),
      }
    },
  }
}

/**
 * Makes the addresses in a company's domains count as unverified where another provider claims them (N7). They then give no company,
 * no plan and no role.
 */
export function withoutDomainsOf<P extends Provider>(tenants: readonly Tenant[], provider: P): P {
  const domains = new Set(tenants.flatMap((tenant) => [...tenant.domains]))
  if (domains.size === 0) return provider
  return {
    ...provider,
    async identify(...answer: Parameters<Provider['identify']>) {
      const identity = await provider.identify(...answer)
      return domains.has(mailDomain(identity.email) ?? '') ? { ...identity, emailVerified: false } : identity
    },
  }
}
