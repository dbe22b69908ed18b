import { html, type Markup } from '../../../pages/markup.ts'
import type { CompanyRow, PersonRow, Range, UseRow } from '../../../people/reports/reports.ts'
import { adminPaths, pathWith } from '../query.ts'
import { rangeText } from './layout.ts'
import { shareBar } from './plots.ts'
import { table } from './table.ts'
import { clientMark, companyText, counted, dayMark, errorRate, numberText, personText } from './words.ts'

export function companyTable(rows: readonly CompanyRow[], range: Range): Markup {
  const most = Math.max(0, ...rows.map(({ calls }) => calls))
  return table<CompanyRow>(
    'Companies',
    rows,
    [
      { title: 'Company', cell: companyLink },
      { title: 'People', number: true, cell: ({ people }) => numberText(people) },
      { title: 'Calls', number: true, cell: ({ calls }) => html`${numberText(calls)}${shareBar(calls, most)}` },
      { title: 'Errors', number: true, cell: errorRate },
      { title: 'First seen', cell: ({ since }) => dayMark(since) },
      { title: 'Last call', cell: ({ lastDay }) => dayMark(lastDay) },
    ],
    `No company ${rangeText(range)}.`,
  )
}

/** The name of a company as a link to its page, with its domain below. */
export function companyLink(company: CompanyName): Markup {
  const { name, domain } = company
  return html`${companyName(company)}${name !== undefined && domain !== undefined && html`<small>${domain}</small>`}`
}

type CompanyName = Pick<CompanyRow, 'id' | 'name' | 'domain'>

/** The name of a company as a link to its page. */
export const companyName = (company: CompanyName): Markup =>
  html`<a href="${adminPaths.companies}/${encodeURIComponent(company.id)}"><bdi>${companyText(company)}</bdi></a>`

export function peopleTable(rows: readonly PersonRow[], empty: string): Markup {
  return table<PersonRow>(
    'People',
    rows,
    [
      { title: 'Person', cell: personLink },
      { title: 'Company', cell: ({ company }) => (company ? companyLink(company) : '–') },
      {
        title: 'Calls',
        number: true,
        cell: ({ calls, totalCalls }) => html`${numberText(calls)}<small>${numberText(totalCalls)} in all</small>`,
      },
      { title: 'Errors', number: true, cell: errorRate },
      { title: 'First seen', cell: ({ firstSeenAt }) => dayMark(firstSeenAt) },
      { title: 'Last seen', cell: ({ lastSeenAt }) => dayMark(lastSeenAt) },
    ],
    empty,
  )
}

/** The email address of a person as a link to their page. */
export function personLink(person: Pick<PersonRow, 'sub' | 'email' | 'emailVerified' | 'name'>): Markup {
  const { sub, email, emailVerified, name } = person
  const unverified = email !== undefined && emailVerified === false
  return html`<a href="${adminPaths.people}/${encodeURIComponent(sub)}"><bdi>${personText(person)}</bdi></a>${unverified && html` <span class="chip">not verified</span>`}${email !== undefined && name !== undefined && html`<small><bdi>${name}</bdi></small>`}`
}

/** Makes the table of how often each client called each tool. */
export function useTable(use: readonly UseRow[], range: Range): Markup {
  const most = Math.max(0, ...use.map(({ calls }) => calls))
  return html`${table<UseRow>(
    'Clients and tools',
    use.slice(0, mostUses),
    [
      { title: 'Client', cell: ({ client }) => clientMark(client) },
      { title: 'Tool', cell: ({ tool }) => html`<code>${tool}</code>` },
      { title: 'Calls', number: true, cell: ({ calls }) => html`${numberText(calls)}${shareBar(calls, most)}` },
      { title: 'Errors', number: true, cell: errorRate },
    ],
    `No call ${rangeText(range)}.`,
  )}${use.length > mostUses && html`<p class="note">And ${counted(use.length - mostUses, 'more pair')} of client and tool.</p>`}`
}

const mostUses = 50

/** Makes the link to the page that asks whether to block a client. */
export const blockLink = (entry: string, name: string): Markup =>
  html`<a class="button quiet" href="${pathWith(adminPaths.blocked, { entry })}" aria-label="Block ${name}">Block</a>`
