import { defined } from '../base/defined.ts'
import { slug } from '../base/slug.ts'
import { type Brand, type DocsBrand, sharedByReaders } from '../pages/brand.ts'
import type { SettingsReader } from './reader.ts'

/** Reads what people see on pages: names, links, colors and texts. */
export function readBrand(settings: SettingsReader): DocsBrand {
  const name = settings.read('MCP_BRAND_NAME')
  const answerService = settings.read('MCP_ANSWER_SERVICE')
  return defined({
    name,
    productName: settings.read('MCP_PRODUCT_NAME') ?? `${name} documentation`,
    accentColor: settings.read('MCP_BRAND_COLOR'),
    provider: settings.read('MCP_PROVIDER_NAME') ?? name,
    answerService,
    shared: sharedByReaders(name, answerService),
    signupUrl: settings.read('MCP_OAUTH_SIGNUP_URL'),
    privacyUrl: settings.read('MCP_OAUTH_PRIVACY_URL'),
    documentationUrl: settings.read('MCP_DOCS_URL'),
    supportUrl: settings.read('MCP_SUPPORT_URL'),
    logoUrl: settings.read('MCP_LOGO_URL'),
    background: settings.read('MCP_BACKGROUND'),
    texts: defined({
      consentTitle: settings.read('MCP_CONSENT_TITLE'),
      consentMessage: settings.read('MCP_CONSENT_MESSAGE'),
      approveButton: settings.read('MCP_APPROVE_BUTTON'),
      cancelButton: settings.read('MCP_CANCEL_BUTTON'),
      finishedTitle: settings.read('MCP_FINISHED_TITLE'),
      finishedMessage: settings.read('MCP_FINISHED_MESSAGE'),
      errorMessage: settings.read('MCP_ERROR_MESSAGE'),
    }),
  })
}

/**
 * Returns the brand as part of a tool's name: letters, digits and `_`, `most` characters at most. A name in another script
 * has no such characters and becomes `docs`.
 */
export function brandWord({ name }: Brand, most: number): string {
  return slug(name, '_').slice(0, most).replace(/_$/, '')
}
