import type { Brand } from './brand.ts'
import { destinationOf, shortHost } from './destination.ts'
import { displayName } from './display-name.ts'
import { layout, type Page } from './layout.ts'
import { breakable, html } from './markup.ts'

export interface ConfirmPageInput {
  readonly brand: Brand
  /** Who has signed in: the e-mail address, if the OpenID Provider gave one. */
  readonly email?: string
  readonly organization?: string
  /** What the client calls itself. */
  readonly clientName?: string
  /** The one of this request, validated. */
  readonly redirectUri: string
  /** Where the form is posted to; the button pressed arrives as `action`: `confirm` or `cancel`. */
  readonly action: string
  readonly hiddenFields: Readonly<Record<string, string>>
}

/**
 * The second question (X1): the person is known now, and the answer would go to a site that nobody vouches for. Whoever
 * was lured here by a link sees who they are about to be, and where.
 *
 * Throws `TypeError` when the redirect URI is no URL.
 */
export function confirmPage(input: ConfirmPageInput): Page {
  const { brand, redirectUri, email, organization } = input
  const destination = destinationOf(redirectUri)
  const host = destination.kind === 'web' ? destination.host : destination.address
  const name = displayName(input.clientName, '')
  const content = html`<h1>Continue to <b>${breakable(shortHost(host))}</b>?</h1>
<dl>
<div><dt>Signed in as</dt><dd><b>${email ?? 'your account, without an email address'}</b>${organization !== undefined && html`<br>${displayName(organization, '')}`}</dd></div>
${name !== '' && html`<div><dt>Calls itself</dt><dd><bdi>${name}</bdi> <span class="chip">not verified</span></dd></div>`}
<div><dt>Sends you to</dt><dd><b>${breakable(host)}</b><details><summary>Full address</summary><code>${destination.address}</code></details></dd></div>
</dl>
<p class="warn">This site will be able to use ${brand.productName} in your name. Continue only if you know it and came from there.</p>
<form class="actions" method="post" action="${input.action}">
${Object.entries(input.hiddenFields).map(([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`)}
<button class="primary" name="action" value="confirm">Continue</button>
<button class="quiet" name="action" value="cancel">Cancel</button>
</form>`
  return layout(brand, 'Confirm', content)
}
