import { cross, tick } from '../../../pages/icons.ts'
import type { Page } from '../../../pages/layout.ts'
import { html } from '../../../pages/markup.ts'
import type { PersonRow } from '../../../people/reports/reports.ts'
import { hidden } from '../../pages/account.ts'
import { adminPaths } from '../query.ts'
import { adminLayout, type Frame } from './layout.ts'
import { personText } from './words.ts'

export interface ConfirmInput {
  readonly person: Pick<PersonRow, 'sub' | 'email' | 'name'>
  readonly form: string
}

/** Makes the page that asks whether to end all connections of a person. */
export function endPage(frame: Frame, { person, form }: ConfirmInput): Page {
  const path = `${adminPaths.people}/${encodeURIComponent(person.sub)}`
  const content = html`<ul class="facts">
<li>${cross}<span>Every client that is connected as this person stops working within a minute</span></li>
<li>${cross}<span>The person is signed out in every browser</span></li>
<li>${tick}<span>The person may sign in and connect again</span></li>
</ul>
<form method="post" action="${path}/end">${hidden(form)}
<div class="row"><button class="danger">End all connections</button><a class="button quiet" href="${path}">Back</a></div></form>`
  const title = `End all connections of ${personText(person)}?`
  return adminLayout(frame, { section: adminPaths.people, title }, content)
}

/**
 * Makes the page that asks whether to forget a person. The box must be ticked first. `removal`: when all data has been removed,
 * in words.
 */
export function forgetPage(frame: Frame, { person, form }: ConfirmInput, removal: string): Page {
  const path = `${adminPaths.people}/${encodeURIComponent(person.sub)}`
  const content = html`<ul class="facts">
<li>${cross}<span>Every connection and every browser session ends at once</span></li>
<li>${cross}<span>Everything that is held here on the person is removed ${removal}. Until then the person cannot sign in</span></li>
<li>${tick}<span>Totals stay, and do not name the person</span></li>
</ul>
<p class="warn">This cannot be undone. The OpenID Provider, the CRM and other systems hold copies of their own.</p>
<form method="post" action="${path}/forget">${hidden(form)}
<p></p><label class="check"><input type="checkbox" name="sure" value="yes" required><span>Forget ${personText(person)}</span></label>
<div class="row"><button class="danger">Forget this person</button><a class="button quiet" href="${path}">Keep</a></div></form>`
  return adminLayout(frame, { section: adminPaths.people, title: 'Forget this person?' }, content)
}
