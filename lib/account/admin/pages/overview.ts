import type { Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { CompanyRow, NewThisWeek, Overview, PersonRow, Range, ToolRow } from '../../../people/reports/reports.ts'
import { adminPaths, pathWith } from '../query.ts'
import { adminLayout, type Frame, rangeText } from './layout.ts'
import { barPlot, linePlot } from './plots.ts'
import { callsPlot } from './plots-of-days.ts'
import { companyLink, companyTable, personLink } from './rows.ts'
import { table } from './table.ts'
import { toolTable } from './tools.ts'
import { counted, dayMark, errorRate, milliseconds, numberText, percent, shortDay } from './words.ts'

export interface OverviewInput {
  readonly range: Range
  readonly overview: Overview
  /** The companies that asked most. */
  readonly companies: readonly CompanyRow[]
  readonly tools: readonly ToolRow[]
  /** The newest companies and people. Counting all new people takes longer, and has a page of its own. */
  readonly newest: Pick<NewThisWeek, 'companies' | 'people'>
  /** How many messages to the CRM could not be delivered. Only the first page of them is counted. */
  readonly deadWebhooks: number
}

/** Makes the first admin page: how much the service is used, by whom, and whether it works. */
export function overviewPage(frame: Frame, input: OverviewInput): Page {
  const { range, overview, companies, tools, newest, deadWebhooks } = input
  const { days, calls, failed, refused } = overview
  const dayNames = days.map(({ day }) => day)
  const signIns = days.reduce((sum, day) => sum + day.signIns, 0)
  const neverCalled = tools.filter((tool) => tool.offered && tool.calls === 0)
  const content = html`${notices(deadWebhooks, neverCalled, range)}
<dl class="tiles">
${tile('Calls', numberText(calls), callsOfWhom(overview))}
${tile('People', numberText(overview.people), peopleThrough(range, overview))}
${tile('Companies', numberText(overview.companies), peopleThrough(range, overview))}
${tile('Sign-ins', numberText(signIns), 'completed')}
${tile('Errors', errorRate(overview), `${counted(failed, 'call')} failed, ${numberText(refused)} refused`)}
${tile('Answered within', milliseconds(overview.p95), overview.p50 === undefined ? '95 of 100 calls' : `95 of 100 calls; half within ${milliseconds(overview.p50)}`)}
</dl>
${callsPlot(days)}
${
  range.days > 1 &&
  html`<div class="halves">${linePlot({
    title: 'People and companies who asked',
    days: dayNames,
    series: [
      { name: 'People', look: 'one', values: days.map(({ people }) => people) },
      { name: 'Companies', look: 'two', values: days.map((day) => day.companies) },
    ],
  })}
${barPlot({ title: 'Completed sign-ins', days: dayNames, series: [{ name: 'Sign-ins', look: 'one', values: days.map((day) => day.signIns) }] })}</div>`
}
<h2>Companies that asked most</h2>
${companyTable(companies, range)}
<p class="more-rows"><span></span><a href="${pathWith(adminPaths.companies, { days: range.days })}">All companies</a></p>
<h2>Tools</h2>
${toolTable(tools)}
<h2>Newest</h2>
${newestParts(newest, html`<h3>Companies</h3>`, html`<h3>People</h3>`)}
<p class="more-rows"><span></span><a href="${adminPaths.new}">New this week</a></p>`
  const lead = `Who asks ${frame.brand.productName}, through what, and whether it works. Days are in UTC.`
  return adminLayout(
    frame,
    { section: adminPaths.overview, title: 'Overview', lead, range: { path: adminPaths.overview, chosen: range } },
    content,
  )
}

const tile = (name: string, value: string, more: string): Markup =>
  html`<div><dt>${name}</dt><dd>${value}<small>${more}</small></dd></div>`

/** Which calls are of no person: those without a sign-in, and those of machines. */
function callsOfWhom({ calls, anonymousCalls, machineCalls }: Overview): string {
  if (calls === 0) return 'of tools'
  const ofMachines = machineCalls === 0 ? '' : `, ${percent(machineCalls, calls)} of machines`
  return `${percent(anonymousCalls, calls)} without a sign-in${ofMachines}`
}

const peopleThrough = ({ days }: Range, { through }: Overview) =>
  days === 1 ? 'so far' : `different ones, through ${shortDay(through)}`

/** Makes the notes about what an admin should look at. */
function notices(dead: number, neverCalled: readonly ToolRow[], range: Range): Markup {
  const names = neverCalled.map(({ tool }, index) => html`${index > 0 && ','} <code>${tool}</code>`)
  return html`${dead > 0 && html`<p class="warn"><a href="${adminPaths.webhooks}">${counted(dead, 'message')}</a> to the CRM could not be delivered.</p>`}
${neverCalled.length > 0 && html`<p class="warn">Never called ${rangeText(range)}:${names}.</p>`}`
}

/** Makes the page about people and companies who came in the last seven days. */
export function newPage(frame: Frame, found: NewThisWeek): Page {
  return adminLayout(
    frame,
    {
      section: adminPaths.overview,
      title: 'New this week',
      lead: 'First seen in the last seven days, today included.',
    },
    html`${newestParts(
      found,
      html`<h2>${counted(found.companyCount, 'company', 'companies')}</h2>`,
      html`<h2>${counted(found.peopleCount, 'person', 'people')}</h2>`,
    )}
${found.peopleCount > found.people.length && html`<p class="note">These are the latest ${numberText(found.people.length)}.</p>`}`,
  )
}

function newestParts(
  { companies, people }: OverviewInput['newest'],
  companiesHeading: Markup,
  peopleHeading: Markup,
): Markup {
  return html`${companiesHeading}
${table<CompanyRow>(
  'New companies',
  companies,
  [
    { title: 'Company', cell: companyLink },
    { title: 'People', number: true, cell: (row) => numberText(row.people) },
    { title: 'Calls', number: true, cell: (row) => numberText(row.calls) },
    { title: 'Since', cell: ({ since }) => dayMark(since) },
  ],
  'No new company.',
)}
${peopleHeading}
${table<PersonRow>(
  'New people',
  people,
  [
    { title: 'Person', cell: personLink },
    { title: 'Company', cell: ({ company }) => (company ? companyLink(company) : '–') },
    { title: 'Calls', number: true, cell: (row) => numberText(row.totalCalls) },
    { title: 'First seen', cell: ({ firstSeenAt }) => dayMark(firstSeenAt) },
  ],
  'No new person.',
)}`
}
