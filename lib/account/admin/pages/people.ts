import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import type { PersonReport, PersonRow, Range, Page as Rows } from '../../../people/reports/reports.ts'
import { adminPaths, pathWith } from '../query.ts'
import { adminLayout, type Frame, pager } from './layout.ts'
import { callsPlot } from './plots-of-days.ts'
import { blockLink, companyName, peopleTable, useTable } from './rows.ts'
import { table } from './table.ts'
import { clientMark, clientText, dayMark, errorRate, numberText, personText } from './words.ts'

export interface PeopleInput {
  readonly range: Range
  readonly cursor?: string | undefined
  readonly page: Rows<PersonRow>
}

/** Makes the list of people, the newest first. */
export function peoplePage(frame: Frame, { range, cursor, page }: PeopleInput): Page {
  const at = (more: string | undefined) => pathWith(adminPaths.people, { days: range.days, cursor: more })
  const content = html`${peopleTable(page.rows, 'No person has signed in yet.')}
${pager(page.next && at(page.next), cursor && at(undefined))}`
  const lead = 'Everyone who has signed in, the newest first. To find a person, search for the exact email address.'
  return adminLayout(
    frame,
    { section: adminPaths.people, title: 'People', lead, range: { path: adminPaths.people, chosen: range } },
    content,
  )
}

export interface PersonInput {
  readonly range: Range
  readonly person: PersonReport
}

/** Makes the page about one person: what they use, what they have connected, and what an admin may do. */
export function personPage(frame: Frame, { range, person }: PersonInput): Page {
  const path = `${adminPaths.people}/${encodeURIComponent(person.sub)}`
  const { days, company } = person
  const content = html`<dl class="tiles">
<div><dt>Calls</dt><dd>${numberText(person.calls)}<small>${numberText(person.totalCalls)} in all</small></dd></div>
<div><dt>Errors</dt><dd>${errorRate(person)}<small>${numberText(person.failed)} failed, ${numberText(person.refused)} refused</small></dd></div>
<div><dt>Connections</dt><dd>${numberText(person.connections.length)}<small>clients that the person has signed in with</small></dd></div>
</dl>
${callsPlot(days)}
<h2>Clients and tools</h2>
${useTable(person.use, range)}
<h2>Signed in with</h2>
${table(
  'Connections',
  person.connections,
  [
    {
      title: 'Client',
      cell: ({ clientHash: id, name, host }) =>
        clientMark({ id, ...(name !== undefined && { name }), ...(host !== undefined && { host }) }),
    },
    { title: 'First', cell: ({ firstSeenAt }) => dayMark(firstSeenAt) },
    { title: 'Last', cell: ({ lastSeenAt }) => dayMark(lastSeenAt) },
    {
      title: 'Block',
      unseenTitle: true,
      cell: ({ clientHash, name, host }) =>
        blockLink(
          host ?? clientHash,
          clientText({ id: clientHash, ...(name !== undefined && { name }), ...(host !== undefined && { host }) }),
        ),
    },
  ],
  'No connection is known.',
)}
<h2>What you can do</h2>
<p class="lead">Both ask you to confirm, and both are in the audit log.</p>
<div class="row"><a class="button quiet" href="${path}/end">End all connections</a><a class="button danger" href="${path}/forget">Forget this person</a><a class="button quiet" href="${pathWith(adminPaths.audit, { person: person.sub })}">Their audit entries</a></div>`
  const lead = html`${company && html`${companyName(company)} · `}First seen ${dayMark(person.firstSeenAt)}, last seen ${dayMark(person.lastSeenAt)}. Our ID: <code>${person.sub}</code>`
  return adminLayout(
    frame,
    { section: adminPaths.people, title: personText(person), lead, range: { path, chosen: range } },
    content,
  )
}
