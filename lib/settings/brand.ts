import { defined } from '../base/defined.ts'
import { slug } from '../base/slug.ts'
import type { Brand } from '../pages/brand.ts'
import type { SettingsReader } from './reader.ts'

/** Reads what people see on pages: names, links and the color. */
export function readBrand(settings: SettingsReader): Brand {
  const name = settings.read('MCP_BRAND_NAME')
  return defined({
    name,
    productName: settings.read('MCP_PRODUCT_NAME') ?? `${name} documentation`,
    accentColor: settings.read('MCP_BRAND_COLOR'),
    provider: settings.read('MCP_PROVIDER_NAME') ?? name,
    answerService: settings.read('MCP_ANSWER_SERVICE'),
    signupUrl: settings.read('MCP_OAUTH_SIGNUP_URL'),
    privacyUrl: settings.read('MCP_OAUTH_PRIVACY_URL'),
    documentationUrl: settings.read('MCP_DOCS_URL'),
    supportUrl: settings.read('MCP_SUPPORT_URL'),
  })
}

/**
 * Returns the brand as part of a tool's name: letters, digits and `_`, `most` characters at most. A name in another script
 * has no such characters and becomes `docs`.
 */
export function brandWord({ name }: Brand, most: number): string {
  return slug(name, '_').slice(0, most).replace(/_$/, '')
}
