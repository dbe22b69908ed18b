import type { Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { FunnelRow, Range, RefusalRow } from '../../../people/reports/reports.ts'
import { adminPaths } from '../query.ts'
import { adminLayout, type Frame, rangeText } from './layout.ts'
import { shareBar } from './plots.ts'
import { table } from './table.ts'
import { clientMark, counted, numberText, percent } from './words.ts'

type Step = FunnelRow['steps'][number]

/** The steps that most sign-ins pass. Any other step is shown only if a sign-in stopped there. */
const stations: Readonly<Record<string, { readonly name: string; readonly where: string; readonly passed: boolean }>> =
  {
    approved: { name: 'Approved here', where: 'at the approval', passed: true },
    provider: { name: 'At the provider', where: 'at the OpenID Provider', passed: false },
    callback: { name: 'Back from it', where: 'on the way back from the provider', passed: false },
    confirmation: { name: 'Last question', where: 'at the last question', passed: false },
    code: { name: 'Signed in', where: 'before the client gets its code', passed: true },
    token: { name: 'Client connected', where: 'when the client redeems its code', passed: true },
  }

export interface SignInsInput {
  readonly range: Range
  readonly funnel: readonly FunnelRow[]
  readonly refusals: readonly RefusalRow[]
}

/** Makes the page about sign-ins: how far the sign-ins of each client get, where they stop, and why. */
export function signInsPage(frame: Frame, { range, funnel, refusals }: SignInsInput): Page {
  const shown = funnel.slice(0, mostClients)
  const content = html`${shown.length === 0 ? html`<div class="empty"><p>No sign-in ${rangeText(range)}.</p></div>` : shown.map(funnelOf)}
${funnel.length > shown.length && html`<p class="note">These are the ${numberText(shown.length)} clients with the most sign-ins, of ${numberText(funnel.length)}.</p>`}
<h2>Refusals by reason</h2>
${refusalTable(refusals, range)}
<p class="note">A person who cannot sign in has a code on the page. Enter it at <a href="${adminPaths.trace}">Trace</a> to see what happened and what helps.</p>`
  const lead = 'How far sign-ins get with each client after the user has approved, and where they stop.'
  return adminLayout(
    frame,
    { section: adminPaths.signIns, title: 'Sign-ins', lead, range: { path: adminPaths.signIns, chosen: range } },
    content,
  )
}

const mostClients = 25

function funnelOf({ client, steps }: FunnelRow): Markup {
  const begun = steps.find(({ step }) => step === 'approved')?.ok ?? 0
  const ended = steps.find(({ step }) => step === 'token')?.ok ?? 0
  const rows = steps.flatMap((step) => {
    const station = stations[step.step]
    const stopped = step.refused + step.failed
    if (!station?.passed && stopped === 0) return []
    return [
      html`<li><span>${station?.name ?? step.step}</span>${station?.passed ? html`${shareBar(step.ok, begun)}<b>${numberText(step.ok)}</b>` : html`${shareBar(stopped, begun, 'bad')}<b>${numberText(stopped)}</b>`}${stopped > 0 && html`<small>${stopText(step)}</small>`}</li>`,
    ]
  })
  return html`<section class="funnel"><h2>${clientMark(client)}</h2><ul class="steps">${rows}</ul><p>${percent(Math.min(ended, begun), begun)} of ${counted(begun, 'approved sign-in')} end with a connected client. ${whereItStops(steps, begun)}</p></section>
`
}

const stopText = ({ refused, failed }: Step) =>
  [refused > 0 && `${numberText(refused)} refused`, failed > 0 && `${numberText(failed)} failed on our side`]
    .filter((text) => text !== false)
    .join(', ')

/** Names the place with the greatest loss: a step that refused, or the gap between two steps that nothing explains. */
export function whereItStops(steps: readonly Step[], begun: number): string {
  const of = (name: string) => steps.find(({ step }) => step === name)
  const known = steps.map((step) => ({
    lost: step.refused + step.failed,
    text: stations[step.step]?.where ?? `at ${step.step}`,
  }))
  const before = ['provider', 'callback', 'confirmation', 'code'].reduce(
    (sum, name) => sum + (of(name)?.refused ?? 0) + (of(name)?.failed ?? 0),
    0,
  )
  const token = of('token')
  const silent = [
    { lost: begun - (of('code')?.ok ?? 0) - before, text: 'at the provider, from where they do not come back' },
    {
      lost: (of('code')?.ok ?? 0) - (token?.ok ?? 0) - (token?.refused ?? 0) - (token?.failed ?? 0),
      text: 'in the client, which never redeems its code',
    },
  ]
  const worst = [...known, ...silent].toSorted((a, b) => b.lost - a.lost)[0]
  return worst === undefined || worst.lost <= 0
    ? 'None stops on the way.'
    : `Most that stop do so ${worst.text} (${numberText(worst.lost)}).`
}

export function refusalTable(refusals: readonly RefusalRow[], range: Range): Markup {
  const most = Math.max(0, ...refusals.map(({ count }) => count))
  return table<RefusalRow>(
    'Refusals by reason',
    refusals.slice(0, 100),
    [
      { title: 'Reason', cell: ({ reason }) => reasonText(reason) },
      {
        title: 'Where',
        cell: ({ what, name }) =>
          what === 'call' ? html`calling <code>${name}</code>` : html`signing in: ${stations[name]?.name ?? name}`,
      },
      {
        title: 'Kind',
        cell: ({ kind }) => (kind === 'failed' ? html`<span class="bad-text">failed on our side</span>` : 'refused'),
      },
      {
        title: 'Count',
        number: true,
        cell: ({ count, kind }) =>
          html`${numberText(count)}${shareBar(count, most, kind === 'failed' ? 'bad' : 'one')}`,
      },
    ],
    `No call and no step was refused ${rangeText(range)}.`,
  )
}

/** Writes a reason code as words. The codes join their words by underscores or dashes. */
const reasonText = (reason: string) => reason.replaceAll(/[_-]+/g, ' ')
