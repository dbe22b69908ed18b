import type { Brand } from '../../pages/brand.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { breakable, html } from '../../pages/markup.ts'
import { type Destination, destinationOf, shortHost } from './destination.ts'
import { clientName, displayName } from './display-name.ts'

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
 * The second question (A-17): the person is known now, and the answer would go to a site that nobody vouches for, or to
 * whichever app has registered for its scheme (A-20). Whoever was lured here by a link sees who they are about to be, and
 * where. The button is the confirmation, and what opens the app.
 *
 * Throws `TypeError` when the redirect URI is no URL.
 */
export function confirmPage(input: ConfirmPageInput): Page {
  const { brand, redirectUri, email, organization } = input
  const destination = destinationOf(redirectUri)
  const { place, sendsTo, warning, button, after } = wordsFor(destination, brand)
  const name = clientName(input.clientName, '')
  const content = html`<h1>Continue to <b>${breakable(place)}</b>?</h1>
<dl>
<div><dt>Signed in as</dt><dd><b>${email ?? 'your account, without an email address'}</b>${organization !== undefined && html`<br>${displayName(organization, '')}`}</dd></div>
${name !== '' && html`<div><dt>Calls itself</dt><dd><bdi>${name}</bdi> <span class="chip">not verified</span></dd></div>`}
<div><dt>Sends you to</dt><dd>${sendsTo}</dd></div>
</dl>
<p class="warn">${warning}</p>
<form class="actions" method="post" action="${input.action}">
${Object.entries(input.hiddenFields).map(([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`)}
<button class="primary" name="action" value="confirm">${button}</button>
<button class="quiet" name="action" value="cancel">Cancel</button>
</form>
${after !== undefined && html`<p class="after note">${after}</p>`}`
  return layout(brand, 'Confirm', content)
}

function wordsFor(destination: Destination, { productName }: Brand) {
  const only = `will be able to use ${productName} in your name. Continue only if you know it and came from there.`
  if (destination.kind === 'app') {
    const app = `the app for ${destination.scheme}:// links`
    return {
      place: app,
      sendsTo: html`<b>${app}</b><br><code>${breakable(destination.address)}</code>`,
      warning: `Any app on this device can claim these links, and ${only}`,
      button: `Open ${app}`,
      after: 'If nothing opens, press the button again. You can close this page afterwards.',
    }
  }
  const host = destination.kind === 'web' ? destination.host : destination.address
  return {
    place: shortHost(host),
    sendsTo: html`<b>${breakable(host)}</b><details><summary>Full address</summary><code>${destination.address}</code></details>`,
    warning: `This site ${only}`,
    button: 'Continue',
    after: undefined,
  }
}
