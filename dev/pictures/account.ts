import { accountPage } from '../../lib/account/pages/account.ts'
import { allEndedPage, deletedPage, deletePage, downloadPage, signedOutPage } from '../../lib/account/pages/data.ts'
import { problemPage } from '../../lib/account/pages/problem.ts'
import { signInPage } from '../../lib/account/pages/sign-in.ts'
import type { DocsBrand } from '../../lib/pages/brand.ts'
import type { Page } from '../../lib/pages/layout.ts'

const day = 86_400
const now = Date.UTC(2026, 10, 30) / 1000

/** Makes the account pages in all variants that look different. */
export function accountGallery(brand: DocsBrand): Record<string, Page> {
  const person = { email: 'ada@analytical-engines.example', organizationName: 'Analytical Engines' }
  const page = { brand, person, more: false, isAdmin: false, forms: { endAll: 'sealed', logout: 'sealed' } }
  const times = { connectedAt: now - 40 * day, lastUsedAt: now, endsAt: now + 140 * day, form: 'sealed' }
  const data = { brand, person, form: 'sealed' }
  return {
    account: accountPage({
      ...page,
      connections: [
        { ...times, publisher: 'claude.ai', name: 'Claude' },
        { ...times, name: 'Cursor', connectedAt: now - 3 * day, lastUsedAt: now - day },
        { ...times, publisher: 'vscode.dev', name: 'Visual Studio Code', lastUsedAt: now - 20 * day },
        { ...times, connectedAt: now, lastUsedAt: now },
      ],
    }),
    'account-admin-done': accountPage({
      ...page,
      connections: [{ ...times, name: 'Codex' }],
      isAdmin: true,
      hasEnded: true,
    }),
    'account-empty': accountPage({ ...page, person: {}, connections: [], hasEnded: true }),
    'account-hostile': accountPage({
      ...page,
      person: {
        email: `${'augusta-ada.king-noel'.repeat(3)}@${'difference.'.repeat(8)}example`,
        organizationName: `The Analytical Engine Company ${'of London '.repeat(9)}`,
      },
      connections: [
        { ...times, name: `<script>alert(1)</script>\u202e verified by Google ${'W'.repeat(10_000)}` },
        { ...times, publisher: `${'accounts.google.com.'.repeat(6)}evil.example`, name: 'Google' },
      ],
      more: true,
    }),
    'account-download': downloadPage(data),
    'account-delete': deletePage({ ...data, removal: 'within an hour' }),
    'account-signed-out': signedOutPage(brand),
    'account-all-ended': allEndedPage(brand),
    'account-deleted': deletedPage(brand, 'within an hour'),
    'account-sign-in': signInPage({ brand, back: '/account', wanted: 'session' }),
    'account-provider': accountPage({
      ...page,
      ...{ brand: { ...brand, provider: 'Looms and Company' }, provider: 'looms' },
      connections: [{ ...times, name: 'Codex' }],
    }),
    'account-sign-in-providers': signInPage({ brand, back: '/account', wanted: 'session', provider: null }),
    'account-sign-in-again': signInPage({ brand, back: '/account/delete', wanted: 'recent' }),
    'account-problem': problemPage({
      brand,
      kind: 'stale-form',
      requestId: '01KAJ4Z9M3W8T5C2',
      again: '/account/delete',
    }).page,
  }
}
