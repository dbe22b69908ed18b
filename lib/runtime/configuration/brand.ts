import { type Brand, defaultBrand } from '../../oauth/pages/brand.ts'
import type { SettingsReader } from '../settings.ts'

/** What people read: names, links, the color. */
export function readBrand(settings: SettingsReader): Brand {
  const name = settings.text('MCP_BRAND_NAME') ?? defaultBrand.name
  const otherwise = name === defaultBrand.name ? defaultBrand : brandNamed(name)
  const urls = {
    signupUrl: settings.url('MCP_OAUTH_SIGNUP_URL') ?? otherwise.signupUrl,
    privacyUrl: settings.url('MCP_OAUTH_PRIVACY_URL') ?? otherwise.privacyUrl,
    documentationUrl: settings.url('MCP_DOCS_URL') ?? defaultBrand.documentationUrl,
    supportUrl: settings.url('MCP_SUPPORT_URL') ?? defaultBrand.supportUrl,
  }
  const accentColour = settings.text('MCP_BRAND_COLOR') ?? defaultBrand.accentColour
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(accentColour))
    settings.complain('MCP_BRAND_COLOR must be #rgb or #rrggbb')
  return {
    name,
    productName: settings.text('MCP_PRODUCT_NAME') ?? otherwise.productName,
    accentColour,
    provider: settings.text('MCP_PROVIDER_NAME') ?? otherwise.provider,
    answerService: settings.text('MCP_ANSWER_SERVICE') ?? defaultBrand.answerService,
    ...Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined)),
  }
}

/** Nothing of Redpanda's for somebody else: neither their privacy policy nor the way to an account with them. */
function brandNamed(name: string): Brand {
  const { signupUrl: _, privacyUrl: __, ...rest } = defaultBrand
  return { ...rest, name, productName: `${name} documentation`, provider: name }
}

/** What is a default as long as the brand is Redpanda's, and nobody else's. */
export const redpandaOnly = (brand: Brand, value: string) => (brand.name === defaultBrand.name ? value : undefined)

/** The brand in the names of tools: letters, digits and `_`. */
export const brandWord = ({ name }: Brand) =>
  name
    .toLowerCase()
    .match(/[a-z0-9]+/g)
    ?.join('_') ?? 'docs'
