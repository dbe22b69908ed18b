import { chooseProviderPage } from '../../lib/oauth/pages/choose-provider.ts'
import { consentPage } from '../../lib/oauth/pages/consent.ts'
import { providerButtons } from '../../lib/oauth/pages/provider-buttons.ts'
import type { OfferedProvider } from '../../lib/oauth/providers/provider.ts'
import type { Brand } from '../../lib/pages/brand.ts'
import type { Page } from '../../lib/pages/layout.ts'

const never = () => Promise.reject(new Error('no sign-in starts from a picture'))

function provider(name: string, label: string, byDomainOnly = false): OfferedProvider {
  const emailDomains = byDomainOnly ? [`${name}.example`] : []
  return { id: name, name, label, byDomainOnly, emailDomains, authorizationUrl: never, identify: never }
}

/** Makes the pages of an instance with several OpenID Providers. */
export function providersGallery(
  brand: Brand,
  form: Omit<Parameters<typeof consentPage>[0], 'client' | 'redirectUri' | 'buttons'>,
): Record<string, Page> {
  const buttons = ['Google', 'Microsoft', 'GitHub'].map((label) => provider(label.toLowerCase(), label))
  const engines = provider('engines', 'Analytical Engines', true)
  const long = provider('long', 'W'.repeat(40))
  const consent = (providers: readonly OfferedProvider[], hinted?: OfferedProvider, entered?: string) =>
    consentPage({
      ...form,
      client: { name: 'Claude', verifiedHost: 'claude.ai', document: 'https://claude.ai/oauth/mcp-client' },
      redirectUri: 'https://claude.ai/api/mcp/auth_callback',
      buttons: providerButtons({ brand, providers, hinted, entered }),
    })
  const choose = { brand, fields: { return: '/account' } }
  return {
    'consent-providers': consent(buttons),
    'consent-providers-address': consent([...buttons, engines]),
    'consent-providers-unknown': consent([...buttons, engines], undefined, 'ada@looms.example'),
    'consent-providers-hinted': consent([...buttons, engines], engines),
    'consent-providers-long': consent([long, ...buttons, engines]),
    'choose-provider': chooseProviderPage({ ...choose, providers: buttons, address: undefined }),
    'choose-provider-half': chooseProviderPage({ ...choose, providers: [...buttons, engines], address: 'ada' }),
    'choose-provider-address': chooseProviderPage({
      ...choose,
      providers: [...buttons, engines],
      address: 'ada@looms.example',
    }),
  }
}
