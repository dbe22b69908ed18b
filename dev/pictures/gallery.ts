import { frontPage } from '../../lib/guide/front.ts'
import { errorKinds } from '../../lib/oauth/errors.ts'
import { confirmPage } from '../../lib/oauth/pages/confirm.ts'
import { consentPage } from '../../lib/oauth/pages/consent.ts'
import { errorPage } from '../../lib/oauth/pages/error.ts'
import { returnPage } from '../../lib/oauth/pages/return.ts'
import { type DocsBrand, defaultBrand, sharedByReaders } from '../../lib/pages/brand.ts'
import type { Page } from '../../lib/pages/layout.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import { accountGallery } from './account.ts'
import { adminGallery } from './admin.ts'
import { providersGallery } from './providers.ts'

const hostileName = `<script>alert(1)</script>\u202e Redpanda – verified${'W'.repeat(10_000)}`
const hostileAddress = `https://${'accounts.google.com.'.repeat(6)}evil.example/${'a'.repeat(600)}`

const readersBrand = { ...defaultBrand, shared: sharedByReaders(defaultBrand.name, defaultBrand.answerService) }

/** Makes every page in all variants that look different. The name of a page is the file name of its picture. */
export function gallery(brand: DocsBrand = readersBrand): Record<string, Page> {
  const attempt = '261130-K7QM-4XPD'
  const form = {
    attempt,
    brand,
    scopes: ['docs:read', 'docs:feedback'],
    scopeTexts: docsScopes.texts,
    optionalScopes: ['docs:feedback'],
    action: '/oauth/authorize',
    accountUrl: 'https://docs.example.com/account',
    hiddenFields: { request: 'sealed' },
  }
  const secondQuestion = { attempt, brand, action: '/oauth/confirm', hiddenFields: { state: 'state' } }
  const requestId = '01KAJ4Z9M3W8T5C2'
  const hour = 3600
  const calls = { limit: 60, windowSeconds: hour / 4 }
  return {
    ...accountGallery(brand),
    ...adminGallery(brand),
    ...providersGallery(brand, form),
    front: frontPage({
      brand,
      mcpUrl: 'https://docs.example.com/mcp',
      requireAuth: false,
      requireWorkEmail: false,
      tools: [
        { name: 'ask_question', description: 'Answers a question from the documentation.', access: 'if required' },
      ],
      lifetimes: { accessToken: hour, refreshToken: 720 * hour, grant: 4320 * hour },
      limits: { user: calls, address: calls },
    }),
    'consent-claude': consentPage({
      ...form,
      client: { name: 'Claude', verifiedHost: 'claude.ai', document: 'https://claude.ai/oauth/mcp-client' },
      redirectUri: 'https://claude.ai/api/mcp/auth_callback',
    }),
    'consent-admin': consentPage({
      ...form,
      client: { name: 'Claude', verifiedHost: 'claude.ai', document: 'https://claude.ai/oauth/mcp-client' },
      redirectUri: 'https://claude.ai/api/mcp/auth_callback',
      addableScopes: ['docs:admin'],
    }),
    'consent-claude-code': consentPage({
      ...form,
      client: { name: 'Claude Code', verifiedHost: 'claude.ai', document: 'https://claude.ai/oauth/claude-code' },
      redirectUri: 'http://localhost:3118/callback',
    }),
    'consent-registered-loopback': consentPage({
      ...form,
      client: { name: 'MCP CLI Proxy' },
      redirectUri: 'http://127.0.0.1:3334/oauth/callback',
    }),
    'consent-registered-web': consentPage({
      ...form,
      client: { name: 'Cursor' },
      redirectUri: 'https://www.cursor.com/agents/mcp/oauth/callback',
    }),
    'consent-registered-app': consentPage({
      ...form,
      client: { name: 'Cursor' },
      redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
    }),
    confirm: confirmPage({
      ...secondQuestion,
      email: 'ada@analytical-engines.example',
      organization: 'Analytical Engines',
      clientName: 'Research helper',
      redirectUri: 'https://helper.example/oauth/callback',
    }),
    'confirm-nobody': confirmPage({ ...secondQuestion, redirectUri: 'https://helper.example/oauth/callback' }),
    'confirm-hostile': confirmPage({
      ...secondQuestion,
      email: `${'augusta-ada.king-noel'.repeat(3)}@${'difference.'.repeat(8)}example`,
      organization: `The Analytical Engine Company ${'of London '.repeat(9)}`,
      clientName: hostileName,
      redirectUri: hostileAddress,
    }),
    'consent-hostile': consentPage({
      ...form,
      client: { name: hostileName },
      redirectUri: hostileAddress,
    }),
    'confirm-app': confirmPage({
      ...secondQuestion,
      email: 'ada@analytical-engines.example',
      clientName: 'Cursor',
      redirectUri: 'cursor://anysphere.cursor-mcp/oauth/callback',
    }),
    'return-app': returnPage({
      brand,
      outcome: 'canceled',
      location: 'cursor://anysphere.cursor-mcp/oauth/callback?error=access_denied',
      requestId,
      attempt,
    }),
    'return-nowhere': returnPage({
      brand,
      outcome: 'failed',
      requestId,
      error: { code: 'invalid_scope', description: 'The scope "docs:write" is not offered' },
    }),
    'return-finished': returnPage({
      brand,
      outcome: 'finished',
      location: 'http://127.0.0.1:7777/callback?code=c&state=s',
    }),
    'return-finished-long-ago': returnPage({ brand, outcome: 'finished' }),
    'error-expired-again': errorPage({
      brand,
      kind: 'expired',
      requestId,
      attempt,
      again: '/oauth/authorize?client_id=c',
    }),
    'error-sign-in-stuck-again': errorPage({
      brand,
      kind: 'sign-in-stuck',
      requestId,
      again: '/oauth/authorize?client_id=c',
    }),
    'return-canceled': returnPage({
      brand,
      outcome: 'canceled',
      location: 'https://agents.example.com/callback?error=access_denied',
      requestId,
    }),
    'return-hostile': returnPage({
      brand,
      outcome: 'failed',
      location: `${hostileAddress}?error=invalid_scope`,
      requestId,
      error: { code: 'invalid_scope', description: `The scope "${'docs:'.repeat(40)}" is not offered` },
    }),
    'return-failed': returnPage({
      brand,
      outcome: 'failed',
      location: 'https://agents.example.com/callback?error=invalid_scope',
      requestId,
      error: { code: 'invalid_scope', description: 'The scope "docs:write" is not offered' },
    }),
    ...Object.fromEntries(
      errorKinds.map((kind) => [
        `error-${kind}`,
        errorPage({
          brand,
          kind,
          requestId,
          error: { code: 'invalid_request', description: 'The parameter redirect_uri is missing' },
        }),
      ]),
    ),
  }
}
