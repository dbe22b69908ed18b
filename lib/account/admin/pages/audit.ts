import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import type { RecordedEntry } from '../../../people/audit/entry.ts'
import type { AuditPage } from '../../../people/audit/query.ts'
import type { Range } from '../../../people/reports/reports.ts'
import { adminPaths, pathWith } from '../query.ts'
import { adminLayout, type Frame, pager, rangeText } from './layout.ts'
import { table } from './table.ts'
import { momentMark } from './words.ts'

/** The actions that an admin may look for. `admin` stands for every action of an admin. */
export const auditActions = {
  '': 'Everything',
  admin: 'Actions of admins',
  'sign-in': 'Sign-ins',
  grant: 'Connections',
  refusal: 'Refusals',
  replay: 'Replays',
  revocation: 'Ended connections',
} as const

export interface AuditInput {
  readonly range: Range
  readonly action: string
  readonly person?: string | undefined
  readonly cursor?: string | undefined
  readonly page: AuditPage
}

/** Makes the page with the audit log, the newest entry first. */
export function auditPage(frame: Frame, { range, action, person, cursor, page }: AuditInput): Page {
  const keep = { action: action === '' ? undefined : action, person }
  const at = (more: string | undefined) => pathWith(adminPaths.audit, { days: range.days, ...keep, cursor: more })
  const choices = Object.entries(auditActions).map(
    ([value, text]) => html`<option value="${value}"${value === action && html` selected`}>${text}</option>`,
  )
  const content = html`<form class="filter" method="get" action="${adminPaths.audit}"><input type="hidden" name="days" value="${range.days}">${person !== undefined && html`<input type="hidden" name="person" value="${person}">`}
<select name="action" aria-label="What happened">${choices}</select><button>Show</button></form>
${table<RecordedEntry>(
  'Audit log',
  page.entries,
  [
    { title: 'Time (UTC)', cell: ({ at: time }) => momentMark(time) },
    {
      title: 'What',
      cell: ({ action: what, reason, detail }) =>
        html`${what}${(reason ?? detail) !== undefined && html`<small>${[reason, detail].filter((text) => text !== undefined).join(': ')}</small>`}`,
    },
    {
      title: 'About',
      cell: ({ person: about }) => (about === undefined ? '–' : html`<code>${about.slice(0, 12)}</code>`),
    },
    {
      title: 'By',
      cell: ({ actor }) =>
        actor === undefined
          ? '–'
          : actor.startsWith('token')
            ? `admin ${actor}`
            : html`<code>${actor.slice(0, 12)}</code>`,
    },
    {
      title: 'Attempt',
      cell: ({ attempt }) =>
        attempt === undefined ? '–' : html`<a href="${pathWith(adminPaths.trace, { attempt })}">${attempt}</a>`,
    },
    { title: 'Client', cell: ({ client }) => (client === undefined ? '–' : html`<code>${client.slice(0, 12)}</code>`) },
  ],
  page.next === undefined ? `Nothing ${rangeText(range)}.` : 'Nothing so far. The next page searches further back.',
)}
${pager(page.next && at(page.next), cursor && at(undefined))}`
  const lead = html`What happened to whom, the newest first. People have names that only this log uses. <code>npm run admin -- audit verify</code> finds a changed or missing entry.${person !== undefined && html` Only the entries about <a href="${adminPaths.people}/${encodeURIComponent(person)}">one person</a>.`}`
  return adminLayout(
    frame,
    { section: adminPaths.audit, title: 'Audit log', lead, range: { path: adminPaths.audit, chosen: range, keep } },
    content,
  )
}
