import type { Brand } from '../../pages/brand.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { breakable, html } from '../../pages/markup.ts'
import { type Destination, destinationOf, shortHost } from './destination.ts'
import { clientName, displayName } from './display-name.ts'
import { technicalDetails } from './technical-details.ts'

export interface ConfirmPageInput {
  readonly brand: Brand
  /** The email address of the user, if the OpenID Provider gave one. */
  readonly email?: string | undefined
  readonly organization?: string | undefined
  /** What the client calls itself. */
  readonly clientName?: string | undefined
  /** The validated redirect URI of this request. */
  readonly redirectUri: string
  /** Where the form is posted to. The pressed button arrives as `action`: `confirm` or `cancel`. */
  readonly action: string
  readonly hiddenFields: Readonly<Record<string, string>>
  /** The code of the attempt. */
  readonly attempt?: string | undefined
}

/**
 * Makes the confirmation page, which the user sees after the sign-in if the answer goes to an untrusted site, or to an app
 * that registered its scheme (A-17, A-20). A user who was lured here by a link sees the account and the site. The button
 * confirms, and opens the app.
 *
 * Throws `TypeError` if the redirect URI is not a URL.
 */
export function confirmPage(input: ConfirmPageInput): Page {
  const { brand, redirectUri, email, organization } = input
  const destination = destinationOf(redirectUri)
  const { place, sendsTo, warning, button, after } = wordsFor(destination, brand)
  const name = clientName(input.clientName, '')
  const content = html`<h1>Continue to <b>${breakable(place)}</b>?</h1>
<dl>
<div><dt>Signed in as</dt><dd><b>${email ?? 'your account (no email address)'}</b>${organization !== undefined && html`<br>${displayName(organization, '')}`}</dd></div>
${name !== '' && html`<div><dt>Calls itself</dt><dd><bdi>${name}</bdi> <span class="chip">not verified</span></dd></div>`}
<div><dt>Sends you to</dt><dd>${sendsTo}</dd></div>
</dl>
<p class="warn">${warning}</p>
<form class="actions" method="post" action="${input.action}">
${Object.entries(input.hiddenFields).map(([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`)}
<button class="primary" name="action" value="confirm">${button}</button>
<button class="quiet" name="action" value="cancel">${brand.texts?.cancelButton ?? 'Cancel'}</button>
</form>
${after !== undefined && html`<p class="after note">${after}</p>`}
${technicalDetails({ attempt: input.attempt })}`
  return layout(brand, 'Confirm', content)
}

function wordsFor(destination: Destination, { productName }: Brand) {
  const caution = `will be able to use ${productName} as you. Continue only if you know it and came from there.`
  if (destination.kind === 'app') {
    const app = `the app for ${destination.scheme}:// links`
    return {
      place: app,
      sendsTo: html`<b>${app}</b><br><code>${breakable(destination.address)}</code>`,
      warning: `Any app on this device can claim these links, and ${caution}`,
      button: `Open ${app}`,
      after: 'If nothing opens, press the button again. You can close this page afterwards.',
    }
  }
  const host = destination.kind === 'web' ? destination.host : destination.address
  return {
    place: shortHost(host),
    sendsTo: html`<b>${breakable(host)}</b><details><summary>Full address</summary><code>${destination.address}</code></details>`,
    warning: `This site ${caution}`,
    button: 'Continue',
    after: undefined,
  }
}
