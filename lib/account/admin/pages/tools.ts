import type { Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { Range, ToolRow } from '../../../people/reports/reports.ts'
import { adminPaths } from '../query.ts'
import { adminLayout, type Frame } from './layout.ts'
import { shareBar } from './plots.ts'
import { table } from './table.ts'
import { milliseconds, numberText, percent } from './words.ts'

/** Makes the page about the tools: how often they are called, how often they fail, and how long they take. */
export function toolsPage(
  frame: Frame,
  { range, tools }: { readonly range: Range; readonly tools: readonly ToolRow[] },
): Page {
  const content = html`${toolTable(tools)}
<p class="note">A failed call is the fault of this service, or of a service behind it. A refused call came from a client that was not allowed to make it, or over its limit. Half of the calls were answered within the first time, and 95 of 100 within the second; both are at most 5 % off.</p>`
  return adminLayout(
    frame,
    {
      section: adminPaths.tools,
      title: 'Tools',
      lead: 'Every tool that was called, and every tool that is offered.',
      range: { path: adminPaths.tools, chosen: range },
    },
    content,
  )
}

export function toolTable(tools: readonly ToolRow[]): Markup {
  const most = Math.max(0, ...tools.map(({ calls }) => calls))
  return table<ToolRow>(
    'Tools',
    tools,
    [
      {
        title: 'Tool',
        cell: ({ tool, offered, calls }) =>
          html`<code>${tool}</code>${calls === 0 && html` <span class="chip">never called</span>`}${!offered && html` <span class="chip">no longer offered</span>`}`,
      },
      { title: 'Calls', number: true, cell: ({ calls }) => html`${numberText(calls)}${shareBar(calls, most)}` },
      {
        title: 'Failed',
        number: true,
        cell: ({ failed, calls }) =>
          html`${percent(failed, calls)}${failed > 0 && html`<small>${numberText(failed)}</small>`}`,
      },
      {
        title: 'Refused',
        number: true,
        cell: ({ refused, calls }) =>
          html`${percent(refused, calls)}${refused > 0 && html`<small>${numberText(refused)}</small>`}`,
      },
      { title: 'Half within', number: true, cell: ({ p50 }) => milliseconds(p50) },
      { title: '95 % within', number: true, cell: ({ p95 }) => milliseconds(p95) },
    ],
    'No tool is offered.',
  )
}
