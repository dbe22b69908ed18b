import { cross, tick } from '../../../pages/icons.ts'
import type { Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { Range } from '../../../people/reports/reports.ts'
import { hidden } from '../../pages/account.ts'
import type { MachineRow } from '../machine-rows.ts'
import { adminPaths } from '../query.ts'
import type { TrustedEntry } from '../trusted-entries.ts'
import { adminLayout, type Frame } from './layout.ts'
import { shareBar } from './plots.ts'
import { blockLink } from './rows.ts'
import { table } from './table.ts'
import { errorRate, momentMark, numberText } from './words.ts'

export interface MachinesInput {
  readonly range: Range
  readonly machines: readonly MachineRow[]
  readonly tenants: readonly TrustedEntry[]
}

/** Makes the page about the machines and the companies of the settings: what they may do, what they did, and how to end it. */
export function machinesPage(frame: Frame, { range, machines, tenants }: MachinesInput): Page {
  const content = html`<h2>Machines</h2>
${machineTable(machines)}
<h2>Companies that manage access themselves</h2>
${tenantTable(tenants)}
<p class="note">Ending stops the tokens that were issued until now. The next assertion of the issuer gives a new one. To keep a machine out, block it or remove it from MCP_MACHINES; to keep a company out, remove it from MCP_TENANTS.</p>`
  const lead = 'Programs that ask for themselves, and companies whose people need no sign-in here.'
  return adminLayout(
    frame,
    {
      section: adminPaths.clients,
      title: 'Machines and companies',
      lead,
      range: { path: adminPaths.machines, chosen: range },
    },
    content,
  )
}

function machineTable(machines: readonly MachineRow[]): Markup {
  const most = Math.max(0, ...machines.map(({ calls }) => calls))
  return table<MachineRow>(
    'Machines',
    machines,
    [
      { title: 'Machine', cell: machineMark },
      { title: 'Proves itself as', cell: proofMark },
      { title: 'Scope', cell: scopeText },
      { title: 'Limit', number: true, cell: ({ configured, limit }) => (configured ? limitText(limit) : '–') },
      { title: 'Calls', number: true, cell: ({ calls }) => html`${numberText(calls)}${shareBar(calls, most)}` },
      { title: 'Errors', number: true, cell: errorRate },
      { title: 'End or block', unseenTitle: true, cell: machineLinks },
    ],
    'MCP_MACHINES names no machine.',
  )
}

const tenantTable = (tenants: readonly TrustedEntry[]): Markup =>
  table<TrustedEntry>(
    'Companies',
    tenants,
    [
      { title: 'Company', cell: ({ name, title }) => html`<bdi>${title ?? name}</bdi>${title !== undefined && html`<small>${name}</small>`}` }, // biome-ignore format: one line
      { title: 'Issuer', cell: proofMark },
      { title: 'Domains', cell: ({ domains = [] }) => domains.join(', ') },
      { title: 'Ended', cell: endedMark },
      { title: 'End', unseenTitle: true, cell: ({ name }) => endLink(adminPaths.tenants, name) },
    ],
    'MCP_TENANTS names no company.',
  )

const machineMark = ({ name, configured, endedAt }: MachineRow) =>
  html`<bdi>${name}</bdi> <span class="chip">machine</span>${!configured && html`<small>no longer in the settings</small>`}${endedAt !== undefined && html`<small>ended ${momentMark(endedAt * 1000)}</small>`}`

const proofMark = ({ client, issuer }: TrustedEntry) =>
  client === undefined && issuer === undefined ? '–' : html`<code class="breaks">${client ?? issuer ?? ''}</code>`

const scopeText = ({ scope }: TrustedEntry) => scope?.join(' ') ?? '–'

const limitText = (limit: number | undefined) =>
  limit === undefined ? 'usual' : limit === 0 ? 'none' : numberText(limit)

const endedMark = ({ endedAt }: TrustedEntry) => (endedAt === undefined ? '–' : momentMark(endedAt * 1000))

const machineLinks = ({ name, configured, clientHash }: MachineRow) =>
  configured
    ? html`${endLink(adminPaths.machines, name)} ${clientHash !== undefined && blockLink(clientHash, name)}`
    : ''

const endLink = (path: string, name: string) =>
  html`<a class="button quiet" href="${endPath(path, name)}" aria-label="End the tokens of ${name}">End</a>`

const endPath = (path: string, name: string) => `${path}/${encodeURIComponent(name)}/end`

export interface EndEntryInput {
  readonly entry: TrustedEntry
  readonly form: string
}

/** Makes the page that asks whether to end the tokens of a machine or of a company. */
export function endEntryPage(frame: Frame, { entry, form }: EndEntryInput): Page {
  const { kind, name, title } = entry
  const isMachine = kind === 'machine'
  const who = isMachine ? `the machine ${name}` : `everyone of ${title ?? name}`
  const path = endPath(isMachine ? adminPaths.machines : adminPaths.tenants, name)
  const content = html`<ul class="facts">
<li>${cross}<span>Every token ${isMachine ? 'of the machine' : 'of the people of this company'} stops working within a minute</span></li>
<li>${cross}<span>Assertions that were made until now give no token</span></li>
<li>${tick}<span>${isMachine ? 'The machine' : 'The company'} may get new tokens some seconds later, as long as it is in the settings${isMachine && ' and not blocked'}</span></li>
</ul>
<form method="post" action="${path}">${hidden(form)}
<div class="row"><button class="danger">End all tokens</button><a class="button quiet" href="${adminPaths.machines}">Back</a></div></form>`
  return adminLayout(frame, { section: adminPaths.clients, title: `End all tokens of ${who}?` }, content)
}
