import { type Brand, defaultBrand } from '../../oauth/pages/brand.ts'
import type { SettingsReader } from '../settings.ts'

/** What people read: names, links, the color. */
export function readBrand(settings: SettingsReader): Brand {
  const urls = {
    signupUrl: settings.url('MCP_OAUTH_SIGNUP_URL') ?? defaultBrand.signupUrl,
    privacyUrl: settings.url('MCP_OAUTH_PRIVACY_URL') ?? defaultBrand.privacyUrl,
    documentationUrl: settings.url('MCP_DOCS_URL') ?? defaultBrand.documentationUrl,
    supportUrl: settings.url('MCP_SUPPORT_URL') ?? defaultBrand.supportUrl,
  }
  const accentColour = settings.text('MCP_BRAND_COLOR') ?? defaultBrand.accentColour
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(accentColour))
    settings.complain('MCP_BRAND_COLOR must be #rgb or #rrggbb')
  return {
    name: settings.text('MCP_BRAND_NAME') ?? defaultBrand.name,
    productName: settings.text('MCP_PRODUCT_NAME') ?? defaultBrand.productName,
    accentColour,
    provider: settings.text('MCP_PROVIDER_NAME') ?? defaultBrand.provider,
    answerService: settings.text('MCP_ANSWER_SERVICE') ?? defaultBrand.answerService,
    ...Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined)),
  }
}
