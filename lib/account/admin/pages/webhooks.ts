import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import type { DeadMessage } from '../../../people/outbox/dead.ts'
import { hidden } from '../../pages/account.ts'
import { adminPaths, pathWith } from '../query.ts'
import { adminLayout, type Frame, pager } from './layout.ts'
import { table } from './table.ts'
import { dayMark, momentMark, numberText } from './words.ts'

/** A dead message and the sealed form that sends it again. */
export interface ShownMessage extends DeadMessage {
  readonly form: string
}

export interface WebhooksInput {
  readonly messages: readonly ShownMessage[]
  readonly next?: string | undefined
  readonly cursor?: string | undefined
  /** The sealed form that sends all of them again. */
  readonly all: string
}

/** Makes the page with the messages to the CRM that could not be delivered. */
export function webhooksPage(frame: Frame, { messages, next, cursor, all }: WebhooksInput): Page {
  const at = (more: string | undefined) => pathWith(adminPaths.webhooks, { cursor: more })
  const content = html`${table<ShownMessage>(
    'Messages that could not be delivered',
    messages,
    [
      { title: 'Message', cell: ({ type, id }) => html`<code>${type}</code><small>${id}</small>` },
      {
        title: 'About',
        cell: ({ person }) =>
          person === undefined ? '–' : html`<a href="${adminPaths.people}/${encodeURIComponent(person)}">person</a>`,
      },
      { title: 'From (UTC)', cell: ({ at: time }) => momentMark(time) },
      { title: 'Given up', cell: ({ diedAt }) => dayMark(diedAt) },
      { title: 'Attempts', number: true, cell: ({ attempts }) => numberText(attempts) },
      { title: 'Last failure', cell: ({ failure }) => failure ?? 'The receiver was never asked.' },
      {
        title: 'Send again',
        unseenTitle: true,
        cell: ({ form, id }) =>
          html`<form method="post" action="${adminPaths.webhooks}">${hidden(form)}<button aria-label="Send again: ${id}">Send again</button></form>`,
      },
    ],
    'Every message was delivered, or still is on its way.',
  )}
${pager(next && at(next), cursor && at(undefined))}
${messages.length > 0 && html`<form class="row" method="post" action="${adminPaths.webhooks}">${hidden(all)}<button>Send all again</button></form>`}`
  const lead = 'Messages to the CRM that could not be delivered for three days. They are kept for 90 days.'
  return adminLayout(frame, { section: adminPaths.webhooks, title: 'Dead webhooks', lead }, content)
}
