import { clientName } from '../../../oauth/pages/display-name.ts'
import type { Page } from '../../../pages/layout.ts'
import { html, type Markup } from '../../../pages/markup.ts'
import type { AttemptStory } from '../../../people/attempts/story.ts'
import { hidden } from '../../pages/account.ts'
import { adminPaths } from '../query.ts'
import { adminLayout, type Frame } from './layout.ts'
import { blockLink } from './rows.ts'
import { momentMark } from './words.ts'

export interface TraceInput {
  readonly code?: string | undefined
  /** The result for the code. Absent if no code was entered yet. */
  readonly found?: AttemptStory | null | 'limited'
  /** The sealed form that searches for a code. */
  readonly form: string
}

/** Makes the page that tells how one attempt to connect a client ended. */
export function tracePage(frame: Frame, { code, found, form }: TraceInput): Page {
  const content = html`<form class="form" method="post" action="${adminPaths.trace}">${hidden(form)}
<label><span>Code of the sign-in<small>It is on every page of the sign-in and in the log, for example <code>261130-K7QM-4XPD</code>.</small></span><input type="text" name="attempt" value="${code ?? ''}" maxlength="40" autocomplete="off" required></label>
<div class="row"><button class="primary">Tell its story</button></div></form>
${found !== undefined && answer(found)}`
  const lead = 'What became of one attempt to connect a client. Each question is in the audit log.'
  return adminLayout(frame, { section: adminPaths.trace, title: 'Trace of a sign-in', lead }, content)
}

function answer(found: AttemptStory | null | 'limited'): Markup {
  if (found === 'limited')
    return html`<p class="warn" role="status">You have asked too often. Try again in an hour.</p>`
  if (found === null) {
    return html`<div class="empty" role="status"><p>Nothing is known about this code. It may be mistyped or too old, or the attempt stopped before the user approved it.</p></div>`
  }
  return story(found)
}

const states = {
  open: 'Under way',
  connected: 'Connected',
  stopped: 'Stopped',
  ended: 'Ended',
} as const

function story({ code, state, client, steps, conclusion, remedy }: AttemptStory): Markup {
  const { title, name, verifiedHost, hash } = client
  const entry = verifiedHost ?? hash
  return html`<h2>${code}: ${states[state]}</h2>
<p role="status">${marked(conclusion)}</p>
${remedy && html`<p class="warn"><b>What helps:</b> ${marked(remedy.text)}<br><small>${remedy.page}</small></p>`}
<h3>Step by step (UTC)</h3>
<ol class="story">${steps.map(
    ({
      at,
      text,
      outcome,
    }) => html`<li${outcome !== 'ok' && html` class="stop"`}>${momentMark(at)}${outcome !== 'ok' && html`<span class="unseen">Stopped: </span>`}<bdi>${marked(text)}</bdi></li>
`,
  )}</ol>
<h3>The client</h3>
<dl class="facts"><div><dt>Kind</dt><dd>${title}</dd></div>
<div><dt>Calls itself</dt><dd><bdi>${clientName(name, 'nothing')}</bdi></dd></div>
${verifiedHost !== undefined && html`<div><dt>Publisher</dt><dd><span class="chip verified">${verifiedHost}</span></dd></div>`}
${hash !== undefined && html`<div><dt>Hash</dt><dd><code>${hash}</code></dd></div>`}</dl>
${entry !== undefined && html`<div class="row">${blockLink(entry, title)}</div>`}`
}

/** Shows a text. Its parts between backticks become code. */
function marked(text: string): Markup {
  return html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`
}
