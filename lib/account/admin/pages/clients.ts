import type { Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { ClientRow, Range } from '../../../people/reports/reports.ts'
import { adminPaths } from '../query.ts'
import { adminLayout, type Frame, rangeText } from './layout.ts'
import { shareBar } from './plots.ts'
import { blockLink } from './rows.ts'
import { table } from './table.ts'
import { clientMark, errorRate, milliseconds, numberText } from './words.ts'

/** Makes the page about the clients: who publishes them, and how much they are used. */
export function clientsPage(
  frame: Frame,
  { range, clients }: { readonly range: Range; readonly clients: readonly ClientRow[] },
): Page {
  const content = html`${clientTable(clients.slice(0, mostShown), range)}
${clients.length > mostShown && html`<p class="note">These are the ${numberText(mostShown)} with the most calls, of ${numberText(clients.length)}. Search for the others by the beginning of their name.</p>`}
<p class="note">A name without a green mark is only what the client calls itself, and so is a version: the one that was seen last comes first. Registered clients with one name are one row. To block one of them, open the person who uses it, or its trace.</p>
<div class="row"><a class="button quiet" href="${adminPaths.machines}">Machines and companies</a><a class="button quiet" href="${adminPaths.blocked}">Blocked clients</a></div>`
  return adminLayout(
    frame,
    {
      section: adminPaths.clients,
      title: 'Clients',
      lead: 'The programs that people connect. A green mark is the proven host of the publisher.',
      range: { path: adminPaths.clients, chosen: range },
    },
    content,
  )
}

const mostShown = 200
const versionsShown = 2

export function clientTable(clients: readonly ClientRow[], range: Range): Markup {
  const most = Math.max(0, ...clients.map(({ calls }) => calls))
  return table<ClientRow>(
    'Clients',
    clients,
    [
      { title: 'Client', cell: ({ client }) => clientMark(client) },
      { title: 'Version', cell: ({ client: { versions = [] } }) => versions.slice(0, versionsShown).join(', ') },
      { title: 'Calls', number: true, cell: ({ calls }) => html`${numberText(calls)}${shareBar(calls, most)}` },
      { title: 'Sign-ins', number: true, cell: ({ signIns }) => numberText(signIns) },
      { title: 'Errors', number: true, cell: errorRate },
      { title: 'Half within', number: true, cell: ({ p50 }) => milliseconds(p50) },
      { title: '95 % within', number: true, cell: ({ p95 }) => milliseconds(p95) },
      {
        title: 'Block',
        unseenTitle: true,
        cell: ({ client: { host } }) => (host === undefined ? '' : blockLink(host, host)),
      },
    ],
    `No client ${rangeText(range)}.`,
  )
}
