import { type Brand, defaultBrand } from '../pages/brand.ts'
import { isSecureUrl, type SettingsReader } from './reader.ts'

/** What people read: names, links, the color. */
export function readBrand(settings: SettingsReader): Brand {
  const name = settings.line('MCP_BRAND_NAME') ?? defaultBrand.name
  const otherwise = name === defaultBrand.name ? defaultBrand : brandNamed(name)
  const urls = {
    signupUrl: settings.url('MCP_OAUTH_SIGNUP_URL') ?? otherwise.signupUrl,
    privacyUrl: settings.url('MCP_OAUTH_PRIVACY_URL') ?? otherwise.privacyUrl,
    documentationUrl: settings.url('MCP_DOCS_URL') ?? defaultBrand.documentationUrl,
    supportUrl: readSupportUrl(settings) ?? defaultBrand.supportUrl,
  }
  const accentColour = settings.text('MCP_BRAND_COLOR') ?? defaultBrand.accentColour
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(accentColour))
    settings.complain('MCP_BRAND_COLOR must be #rgb or #rrggbb')
  return {
    name,
    productName: settings.line('MCP_PRODUCT_NAME') ?? otherwise.productName,
    accentColour,
    provider: settings.line('MCP_PROVIDER_NAME') ?? otherwise.provider,
    answerService: settings.line('MCP_ANSWER_SERVICE') ?? defaultBrand.answerService,
    ...Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined)),
  }
}

/** Nothing of Redpanda's for somebody else: neither their privacy policy nor the way to an account with them. */
function brandNamed(name: string): Brand {
  const { signupUrl: _, privacyUrl: __, ...rest } = defaultBrand
  return { ...rest, name, productName: `${name} documentation`, provider: name }
}

/** A page, or an e-mail address to write to: `mailto:docs@example.com`. */
function readSupportUrl(settings: SettingsReader): string | undefined {
  const name = 'MCP_SUPPORT_URL'
  const text = settings.text(name)
  if (text === undefined || /^mailto:[\w.!#$%&'*+/=~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text)) return text
  if (isSecureUrl(text)) return text
  settings.complain(`${name} must be an https URL, or mailto: and an e-mail address`)
  return undefined
}

/** What is a default as long as the brand is Redpanda's, and nobody else's. */
export const redpandaOnly = (brand: Brand, value: string) => (brand.name === defaultBrand.name ? value : undefined)

/** Why a setting that usually has a default is missing. */
export const noDefault = 'with MCP_BRAND_NAME it has no default'

/**
 * The brand in the names of tools: letters, digits and `_`, of at most `most` characters. A name without any, in another
 * script, is `docs`.
 */
export function brandWord({ name }: Brand, most: number): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? ['docs']
  return words.join('_').slice(0, most).replace(/_$/, '')
}
