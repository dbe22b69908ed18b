import { filePartsOf } from '../../lib/account/admin/export-parts.ts'
import type { MachineRow } from '../../lib/account/admin/machine-rows.ts'
import { auditPage } from '../../lib/account/admin/pages/audit.ts'
import { blockedPage } from '../../lib/account/admin/pages/blocked.ts'
import { clientsPage } from '../../lib/account/admin/pages/clients.ts'
import { companiesPage, companyPage } from '../../lib/account/admin/pages/companies.ts'
import { endPage, forgetPage } from '../../lib/account/admin/pages/confirm.ts'
import { exportPartsPage, exportsPage } from '../../lib/account/admin/pages/exports.ts'
import { endEntryPage, machinesPage } from '../../lib/account/admin/pages/machines.ts'
import { newPage, overviewPage } from '../../lib/account/admin/pages/overview.ts'
import { peoplePage, personPage } from '../../lib/account/admin/pages/people.ts'
import { searchPage } from '../../lib/account/admin/pages/search.ts'
import { signInsPage } from '../../lib/account/admin/pages/sign-ins.ts'
import { toolsPage } from '../../lib/account/admin/pages/tools.ts'
import { tracePage } from '../../lib/account/admin/pages/trace.ts'
import { webhooksPage } from '../../lib/account/admin/pages/webhooks.ts'
import type { TrustedEntry } from '../../lib/account/admin/trusted-entries.ts'
import type { Brand } from '../../lib/pages/brand.ts'
import type { Page } from '../../lib/pages/layout.ts'
import type { AttemptStep } from '../../lib/people/attempts/step.ts'
import { tellStory } from '../../lib/people/attempts/story.ts'
import type {
  ClientName,
  CompanyRow,
  Counts,
  Overview,
  PersonRow,
  Range,
  ToolRow,
} from '../../lib/people/reports/reports.ts'

const day = 86_400
const now = Date.UTC(2026, 10, 30, 14, 20) / 1000
const month: Range = { days: 30 }
const dayName = (ago: number) => new Date((now - ago * day) * 1000).toISOString().slice(0, 10).replaceAll('-', '')

const counts = (calls: number, failed = Math.round(calls / 60), refused = Math.round(calls / 40)): Counts => ({
  calls,
  failed,
  refused,
  cancelled: Math.round(calls / 90),
})

/** Fewer calls at weekends, more every week, and one bad day. */
function days(range: number, scale: number) {
  return Array.from({ length: range }, (_, index) => {
    const ago = range - 1 - index
    const weekday = new Date((now - ago * day) * 1000).getUTCDay()
    const busy = weekday === 0 || weekday === 6 ? 0.25 : 1
    const wave = 1 + 0.25 * Math.sin(index * 1.7) + index / 40
    const calls = Math.round(scale * busy * wave * (ago === 0 ? 0.6 : 1))
    const people = Math.round(calls / 7)
    return {
      day: dayName(ago),
      ...counts(calls, Math.round(calls * (ago === 9 ? 0.3 : 0.01))),
      people,
      companies: Math.round(people / 3),
      signIns: Math.round(people / 5),
    }
  })
}

function overviewOf(range: number, scale: number): Overview {
  const all = days(range, scale)
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    ...{
      calls: sum((one) => one.calls),
      failed: sum((one) => one.failed),
      refused: sum((one) => one.refused),
      cancelled: sum((one) => one.cancelled),
    },
    ...{
      days: all,
      anonymousCalls: Math.round(sum((one) => one.calls) / 5),
      machineCalls: Math.round(sum((one) => one.calls) / 8),
      people: scale * 3,
      companies: Math.round(scale / 2),
    },
    ...{ through: dayName(1), p50: 1840, p95: 6420 },
  }
}

const claude: ClientName = { id: 'c1', name: 'Claude', host: 'claude.ai' }
const cursor: ClientName = { id: 'c2', name: 'Cursor' }
const code: ClientName = { id: 'c3', name: 'Visual Studio Code', host: 'vscode.dev' }
const nameless: ClientName = { id: 'c4aa55ee0011' }
const machine: ClientName = { id: 'c6', name: 'docs-ci', machine: true }
const hostile: ClientName = { id: 'c5', name: `<script>alert(1)</script>\u202e verified ${'W'.repeat(3000)}` }

const companies: readonly CompanyRow[] = [
  ['analytical', 'Analytical Engines', 'analytical-engines.example', 12_840],
  ['difference', 'Difference & Sons', 'difference.example', 6_215],
  ['bletchley', undefined, 'bletchley-park.example', 3_120],
  ['-', undefined, undefined, 2_700],
  ['jacquard', 'Jacquard Looms', undefined, 980],
  ['hostile', '=HYPERLINK("https://evil.example")<b>\u202e', `${'a-very-long-label.'.repeat(7)}example`, 12],
].map(([id, name, domain, calls], index) => ({
  ...{
    id: String(id),
    people: Math.round(Number(calls) / 90),
    since: dayName(200 - index * 30),
    lastDay: dayName(index),
  },
  ...counts(Number(calls)),
  ...(name !== undefined && { name: String(name) }),
  ...(domain !== undefined && { domain: String(domain) }),
}))

const github = 'https://token.actions.githubusercontent.com'
const hashOf = (letter: string) => letter.repeat(43)
const machines: readonly MachineRow[] = [
  { kind: 'machine', name: 'docs-ci', issuer: github, clientHash: hashOf('m'), scope: ['docs:read'], configured: true, ...counts(3_210) }, // biome-ignore format: one line
  { kind: 'machine', name: 'nightly-check', client: 'docs-nightly', clientHash: hashOf('n'), scope: ['docs:read', 'docs:feedback'], limit: 1000, endedAt: now - day, configured: true, ...counts(240) }, // biome-ignore format: one line
  { kind: 'machine', name: 'old-check', configured: false, ...counts(12) },
]
const tenant: TrustedEntry = {
  kind: 'tenant',
  name: 'analytical',
  title: 'Analytical <b>Engines</b>',
  issuer: 'https://analytical.okta.example',
  domains: ['analytical-engines.example', 'difference.example'],
}

const sub = `u_${'Q'.repeat(43)}`
const people: readonly PersonRow[] = [
  { email: 'ada@analytical-engines.example', emailVerified: true, name: 'Ada King', calls: 214 },
  { email: 'charles@difference.example', emailVerified: false, calls: 48 },
  { email: `${'augusta-ada.king-noel'.repeat(3)}@${'difference.'.repeat(8)}example`, emailVerified: true, calls: 3 },
  { calls: 0 },
].map(({ calls, ...person }, index) => ({
  ...{ sub, totalCalls: calls * 3, firstSeenAt: now - index * 9 * day - 40 * day, lastSeenAt: now - index * day },
  ...counts(calls),
  ...(index < 2 && { company: companies[index] as CompanyRow }),
  ...person,
}))

const tools: readonly ToolRow[] = [
  { tool: 'ask_redpanda_question', offered: true, ...counts(21_400), p50: 2_310, p95: 7_900 },
  { tool: 'search_api_reference', offered: true, ...counts(3_120, 12), p50: 180, p95: 640 },
  { tool: 'whoami', offered: true, ...counts(420, 0, 0), p50: 12, p95: 31 },
  { tool: 'old_search', offered: false, ...counts(12, 3), p50: 410, p95: 12_400 },
  { tool: 'submit_feedback', offered: true, ...counts(0) },
]

const steps = (approved: number, code: number, token: number, refused: number, failed = 0) => [
  { step: 'approved', ok: approved, refused: 0, failed: 0 },
  { step: 'provider', ok: 0, refused, failed },
  { step: 'callback', ok: 0, refused: 0, failed: 0 },
  { step: 'confirmation', ok: Math.round(code / 3), refused: 0, failed: 0 },
  { step: 'code', ok: code, refused: 0, failed: 0 },
  { step: 'token', ok: token, refused: 2, failed: 0 },
]

function story() {
  const at = Date.UTC(2026, 10, 30, 9, 12, 4)
  const client = { name: 'Cursor', registeredAt: at / 1000 - 60, sendsTo: 'cursor:' }
  const clientHash = 'k3J'.padEnd(43, 'x')
  const told: readonly AttemptStep[] = [
    { at, step: 'consent', outcome: 'ok', client, clientHash },
    { at: at + 6_000, step: 'approved', outcome: 'ok', client },
    { at: at + 48_000, step: 'code', outcome: 'ok', client },
    {
      at: at + 49_000,
      step: 'token',
      outcome: 'refused',
      reason: 'redirect_uri',
      detail: 'the redirect URI differs from that of the authorization request',
    },
  ]
  return tellStory('261130-K7QM-4XPD', told, {
    now: at + 3_600_000,
    patience: { consent: 600, signIn: 600, confirmation: 300, code: 60 },
  })
}

/** Makes the admin pages in all variants that look different. */
export function adminGallery(brand: Brand): Record<string, Page> {
  const frame = { brand, search: 'sealed' }
  const form = 'sealed'
  const newThisWeek = { peopleCount: 134, people, companyCount: 6, companies: companies.slice(0, 4) }
  const nothing = { peopleCount: 0, people: [], companyCount: 0, companies: [] }
  const noCalls: Overview = {
    ...counts(0, 0, 0),
    days: days(7, 0),
    ...{ anonymousCalls: 0, machineCalls: 0, people: 0, companies: 0, through: dayName(1) },
  }
  const person = {
    ...(people[0] as PersonRow),
    days: days(30, 9),
    use: [
      { client: claude, tool: 'ask_redpanda_question', ...counts(180) },
      { client: cursor, tool: 'search_api_reference', ...counts(34) },
    ],
    connections: [
      { clientHash: 'a'.repeat(43), name: 'Claude', host: 'claude.ai', firstSeenAt: now - 40 * day, lastSeenAt: now },
      { clientHash: 'b'.repeat(43), name: 'Cursor', firstSeenAt: now - 9 * day, lastSeenAt: now - day },
    ],
  }
  const company = { ...(companies[0] as CompanyRow), days: days(30, 420), use: person.use }
  const message = { type: 'person.first_seen', at: (now - 3 * day) * 1000, diedAt: now, attempts: 14, form } as const
  return {
    'admin-overview': overviewPage(frame, {
      ...{ range: month, overview: overviewOf(30, 900), companies, tools, newest: newThisWeek, deadWebhooks: 3 },
    }),
    'admin-overview-90': overviewPage(frame, {
      ...{
        range: { days: 90 },
        overview: overviewOf(90, 11_000),
        companies,
        tools,
        newest: newThisWeek,
        deadWebhooks: 0,
      },
    }),
    'admin-overview-today': overviewPage(frame, {
      ...{ range: { days: 1 }, overview: overviewOf(1, 900), companies, tools, newest: newThisWeek, deadWebhooks: 0 },
    }),
    'admin-overview-empty': overviewPage(frame, {
      ...{
        range: { days: 7 },
        overview: noCalls,
        companies: [],
        tools: tools.slice(4),
        newest: nothing,
        deadWebhooks: 0,
      },
    }),
    'admin-new': newPage(frame, newThisWeek),
    'admin-companies': companiesPage(frame, { range: month, order: 'calls', page: { rows: companies, next: 'next' } }),
    'admin-companies-search': companiesPage(frame, {
      ...{ range: month, order: 'name', search: '<b>x', cursor: 'c', page: { rows: [] } },
    }),
    'admin-company': companyPage(frame, { range: month, company, people: { rows: people, next: 'next' } }),
    'admin-people': peoplePage(frame, { range: month, page: { rows: people, next: 'next' }, cursor: 'c' }),
    'admin-person': personPage(
      { ...frame, done: 'Every connection of this person has ended.' },
      { range: month, person },
    ),
    'admin-clients': clientsPage(frame, {
      range: month,
      clients: [claude, cursor, machine, code, nameless, hostile].map((client, index) => ({
        ...{ client, ...counts(8_000 >> (index * 2)), signIns: 240 >> index, p50: 2_100, p95: 7_300 },
      })),
    }),
    'admin-machines': machinesPage(frame, { range: month, machines, tenants: [tenant] }),
    'admin-machines-none': machinesPage(frame, { range: month, machines: [], tenants: [] }),
    'admin-end-machine': endEntryPage(frame, { entry: machines[0] as MachineRow, form }),
    'admin-end-tenant': endEntryPage(frame, { entry: tenant, form }),
    'admin-blocked': blockedPage(frame, {
      ...{ entry: 'evil.example', form, bySetting: ['phisher.example', 'before:2026-06-01T00:00:00.000Z'] },
      blocks: [{ entry: 'Z'.repeat(43), at: now - day, note: 'Asks for codes that it does not redeem', form }],
    }),
    'admin-tools': toolsPage(frame, { range: month, tools }),
    'admin-sign-ins': signInsPage(frame, {
      range: month,
      funnel: [
        { client: claude, steps: steps(240, 228, 221, 4, 3) },
        { client: cursor, steps: steps(130, 120, 61, 1) },
        { client: nameless, steps: steps(9, 9, 9, 0) },
      ],
      refusals: [
        { what: 'call', name: 'ask_redpanda_question', kind: 'failed', reason: 'timeout', count: 240 },
        { what: 'call', name: 'ask_redpanda_question', kind: 'refused', reason: 'rate_limited', count: 122 },
        { what: 'step', name: 'provider', kind: 'refused', reason: 'access_denied', count: 4 },
      ],
    }),
    'admin-trace-ask': tracePage(frame, { form }),
    'admin-trace': tracePage(frame, { form, code: '261130-K7QM-4XPD', found: story() }),
    'admin-trace-unknown': tracePage(frame, { form, code: '261130-K7QM-4XPX', found: null }),
    'admin-webhooks': webhooksPage(frame, {
      ...{ all: form, next: 'next' },
      messages: [
        { ...message, id: 'msg_2f7c', person: sub, failure: 'HTTP 500' },
        { ...message, id: 'msg_81aa', type: 'company.weekly_summary', failure: 'no answer within 10 s' },
      ],
    }),
    'admin-audit': auditPage(frame, {
      ...{ range: month, action: '' },
      page: {
        entries: [
          { at: now * 1000, action: 'admin-block', actor: 'p9d8f7a6s5d4f3', detail: 'evil.example' },
          { at: now * 1000 - 60_000, action: 'admin-trace', actor: 'token', attempt: '261130-K7QM-4XPD' },
          {
            at: now * 1000 - 90_000,
            action: 'refusal',
            person: 'q1w2e3r4t5y6u7',
            client: 'k3J'.padEnd(43, 'x'),
            reason: 'redirect_uri',
          },
        ],
        next: 'next',
      },
    }),
    'admin-exports': exportsPage(frame, { form }),
    'admin-export-parts': exportPartsPage(frame, {
      chosen: { what: 'people', format: 'csv', days: 30 },
      parts: filePartsOf(
        'people',
        Array.from({ length: 64 }, (_, index) => 1_500 + (index % 7) * 20),
      ),
      form,
    }),
    'admin-search': searchPage(frame, {
      ...{ text: 'an', range: { days: 90 }, companies: companies.slice(0, 1), more: true, clients: [] },
    }),
    'admin-search-address': searchPage(frame, {
      ...{
        text: 'ada@analytical-engines.example',
        range: { days: 90 },
        companies: [],
        more: false,
        clients: [],
        people: [],
      },
    }),
    'admin-end': endPage(frame, { person: people[0] as PersonRow, form }),
    'admin-forget': forgetPage(frame, { person: people[2] as PersonRow, form }, 'within an hour'),
  }
}
