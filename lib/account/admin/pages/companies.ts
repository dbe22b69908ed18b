import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import type {
  CompaniesQuery,
  CompanyReport,
  CompanyRow,
  PersonRow,
  Range,
  Page as Rows,
} from '../../../people/reports/reports.ts'
import { adminPaths, pathWith } from '../query.ts'
import { adminLayout, type Frame, pager, rangeText } from './layout.ts'
import { callsPlot } from './plots-of-days.ts'
import { companyTable, peopleTable, useTable } from './rows.ts'
import { companyText, dayMark, errorRate, numberText } from './words.ts'

export const orders = {
  calls: 'Most calls',
  people: 'Most people',
  errors: 'Most errors',
  newest: 'Newest',
  name: 'Name',
} as const
export type Order = NonNullable<CompaniesQuery['order']>
export const isOrder = (text: string | null | undefined): text is Order =>
  typeof text === 'string' && Object.hasOwn(orders, text)

export interface CompaniesInput {
  readonly range: Range
  readonly order: Order
  readonly search?: string | undefined
  readonly cursor?: string | undefined
  readonly page: Rows<CompanyRow>
}

/** Makes the list of companies. */
export function companiesPage(frame: Frame, { range, order, search, cursor, page }: CompaniesInput): Page {
  const keep = { order, search }
  const at = (more: string | undefined) => pathWith(adminPaths.companies, { days: range.days, ...keep, cursor: more })
  const choices = Object.entries(orders).map(
    ([value, text]) => html`<option value="${value}"${value === order && html` selected`}>${text}</option>`,
  )
  const content = html`<form class="filter" method="get" action="${adminPaths.companies}"><input type="hidden" name="days" value="${range.days}">
<input name="search" value="${search ?? ''}" aria-label="Beginning of the name or the domain" placeholder="Beginning of name or domain" maxlength="256" autocomplete="off">
<select name="order" aria-label="Order">${choices}</select><button>Show</button></form>
${companyTable(page.rows, range)}
${pager(page.next && at(page.next), cursor && at(undefined))}`
  const lead =
    search === undefined ? `Companies that asked ${rangeText(range)}.` : `Companies that begin with “${search}”.`
  return adminLayout(
    frame,
    {
      section: adminPaths.companies,
      title: 'Companies',
      lead,
      range: { path: adminPaths.companies, chosen: range, keep },
    },
    content,
  )
}

export interface CompanyInput {
  readonly range: Range
  readonly company: CompanyReport
  readonly people: Rows<PersonRow>
  readonly cursor?: string | undefined
}

/** Makes the page about one company: its calls by day, the people who asked, and the clients and tools that they used. */
export function companyPage(frame: Frame, { range, company, people, cursor }: CompanyInput): Page {
  const { days } = company
  const path = `${adminPaths.companies}/${encodeURIComponent(company.id)}`
  const at = (more: string | undefined) => pathWith(path, { days: range.days, cursor: more })
  const content = html`<dl class="tiles">
<div><dt>Calls</dt><dd>${numberText(company.calls)}<small>${numberText(company.failed)} failed, ${numberText(company.refused)} refused</small></dd></div>
<div><dt>People</dt><dd>${numberText(company.people)}<small>${days.at(-1)?.day === company.since ? 'who asked, so far' : 'who asked, until yesterday'}</small></dd></div>
<div><dt>Errors</dt><dd>${errorRate(company)}<small>of all calls</small></dd></div>
</dl>
${callsPlot(days)}
<h2>Clients and tools</h2>
${useTable(company.use, range)}
<h2>People</h2>
${peopleTable(people.rows, 'No person of this company is known.')}
${pager(people.next && at(people.next), cursor && at(undefined))}`
  const { domain, since, lastDay } = company
  const lead = html`${domain !== undefined && html`${domain} · `}First seen ${dayMark(since)}, last call ${dayMark(lastDay)}.`
  return adminLayout(
    frame,
    { section: adminPaths.companies, title: companyText(company), lead, range: { path, chosen: range } },
    content,
  )
}
