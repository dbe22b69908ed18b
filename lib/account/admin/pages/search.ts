import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import type { ClientRow, CompanyRow, PersonRow, Range } from '../../../people/reports/reports.ts'
import { adminPaths, pathWith } from '../query.ts'
import { clientTable } from './clients.ts'
import { adminLayout, type Frame, rangeText } from './layout.ts'
import { companyTable, peopleTable } from './rows.ts'

export interface Found {
  readonly text: string
  readonly range: Range
  readonly companies: readonly CompanyRow[]
  /** Whether the search has found further companies, which the page does not show. */
  readonly more: boolean
  readonly clients: readonly ClientRow[]
  /** The people with exactly this address. Absent: the text is no email address. */
  readonly people?: readonly PersonRow[]
}

/** Makes the page with what a search has found. */
export function searchPage(frame: Frame, found: Found | null): Page {
  if (!found) {
    const lead =
      'Enter the beginning of the name of a company, a domain or a client, an exact email address, or the code of a sign-in.'
    return adminLayout(frame, { section: adminPaths.overview, title: 'Search', lead }, html``)
  }
  const { text, range, companies, more, clients, people } = found
  const content = people
    ? html`<h2>People</h2>${peopleTable(people, 'No person has this email address. The search finds only the exact address.')}`
    : html`<h2>Companies</h2>${companyTable(companies, range)}
${more && html`<p class="more-rows"><span></span><a href="${pathWith(adminPaths.companies, { days: range.days, search: text })}">All of them</a></p>`}
<h2>Clients</h2>${clientTable(clients.slice(0, 50), range)}`
  const lead = people
    ? undefined
    : html`Companies and clients that begin with “<bdi>${text}</bdi>” ${rangeText(range)}.`
  return adminLayout(frame, { section: adminPaths.overview, title: 'Search', ...(lead && { lead }) }, content)
}
