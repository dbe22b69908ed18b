import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import { hidden } from '../../pages/account.ts'
import type { StoredBlock } from '../blocks.ts'
import { adminPaths } from '../query.ts'
import { adminLayout, type Frame } from './layout.ts'
import { table } from './table.ts'
import { dayMark } from './words.ts'

/** A block and the sealed form that takes it back. */
export interface ShownBlock extends StoredBlock {
  readonly form: string
}

export interface BlockedInput {
  readonly blocks: readonly ShownBlock[]
  readonly bySetting: readonly string[]
  /** The client that the admin wants to block, from a link of another page. */
  readonly entry?: string | undefined
  /** The sealed form that blocks. */
  readonly form: string
}

/** Makes the page that lists the blocked clients, with forms that block a client and take a block back. */
export function blockedPage(frame: Frame, { blocks, bySetting, entry, form }: BlockedInput): Page {
  const content = html`<h2>Block a client</h2>
<form class="form" method="post" action="${adminPaths.blocked}">${hidden(form)}
<label><span>Host or hash<small>The host of its redirect URI or of its publisher, or the hash that the log and the trace show. <code>before:2026-11-01</code> blocks every client that registered earlier.</small></span><input type="text" name="entry" value="${entry ?? ''}" maxlength="255" autocomplete="off" required></label>
<label><span>Why<small>For other admins. Without personal data.</small></span><input type="text" name="note" maxlength="200" autocomplete="off"></label>
<p class="warn">Within a minute the client gets no page, no code and no token. Access tokens that it holds already work until they expire.</p>
<div class="row"><button class="danger">Block</button></div></form>
<h2>Blocked by admins</h2>
${table<ShownBlock>(
  'Blocked by admins',
  blocks,
  [
    { title: 'Client', cell: (block) => html`<code>${block.entry}</code>` },
    { title: 'Why', cell: ({ note }) => html`<bdi>${note ?? '–'}</bdi>` },
    { title: 'Since', cell: ({ at }) => dayMark(at) },
    {
      title: 'Unblock',
      unseenTitle: true,
      cell: (block) =>
        html`<form method="post" action="${adminPaths.blocked}">${hidden(block.form)}<button aria-label="Unblock ${block.entry}">Unblock</button></form>`,
    },
  ],
  'Admins have blocked no client.',
)}
<h2>Blocked by the setting</h2>
${
  bySetting.length === 0
    ? html`<div class="empty"><p>The setting MCP_OAUTH_BLOCKED_CLIENTS is empty.</p></div>`
    : html`<ul class="ways">${bySetting.map((one) => html`<li><code>${one}</code></li>`)}</ul>`
}`
  const lead = 'Clients that get no page, no code and no token.'
  return adminLayout(frame, { section: adminPaths.clients, title: 'Blocked clients', lead }, content)
}
