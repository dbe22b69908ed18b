import { accountPaths } from '../../oauth/capabilities.ts'
import { clientName, displayName } from '../../oauth/pages/display-name.ts'
import type { Person } from '../../oauth/token/person.ts'
import type { Brand } from '../../pages/brand.ts'
import { tick } from '../../pages/icons.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { breakable, html, type Markup } from '../../pages/markup.ts'
import type { Connection } from '../connections.ts'
import { accountRules } from './style.ts'

/** A connection and the sealed form that ends it. */
export interface ShownConnection extends Omit<Connection, 'key'> {
  readonly form: string
}

export interface AccountPageInput {
  readonly brand: Brand
  /** Among several providers: the name of the person's in the settings, whose label the brand has. */
  readonly provider?: string | null | undefined
  readonly person: Person
  readonly connections: readonly ShownConnection[]
  /** Whether there are further connections, which the page does not show. */
  readonly more: boolean
  /** The person has just ended a connection. */
  readonly hasEnded?: boolean
  /** Whether to show a link to the admin pages. */
  readonly isAdmin: boolean
  /** The sealed forms of the other buttons. */
  readonly forms: { readonly endAll: string; readonly logout: string }
}

/** The paths below the account page. */
export const pathsOfAccount = {
  download: `${accountPaths.account}/download`,
  delete: `${accountPaths.account}/delete`,
  signedOut: `${accountPaths.account}/signed-out`,
  deleted: `${accountPaths.account}/deleted`,
} as const

/**
 * Makes the account page: the clients that the person has connected, and buttons that end connections. Throws `TypeError` as
 * `layout` does.
 */
export function accountPage(input: AccountPageInput): Page {
  const { brand, connections, more, hasEnded, forms } = input
  const content = html`<h1 class="strong">Your account</h1>
${hasEnded === true && html`<p class="told" role="status">${tick}<span>The app is disconnected. It can no longer ask questions as you.</span></p>`}
${identity(input.person, input)}
<h2>Connected as you</h2>
${connections.length === 0 ? nothing(brand) : html`<ul class="connections">${connections.map(connection)}</ul>`}
${more && html`<p class="note">There are more. Disconnecting everything ends them too.</p>`}
${(connections.length > 0 || more) && endAll(forms.endAll)}
<h2>Your data</h2>
<ul class="links">
${input.isAdmin && html`<li><a href="${accountPaths.admin}">Open the admin pages</a></li>`}
<li><a href="${pathsOfAccount.download}">Download what ${brand.name} holds on me</a></li>
<li><a href="${pathsOfAccount.delete}">Delete my data</a></li>
</ul>
<form class="actions out" method="post" action="${accountPaths.logout}">${hidden(forms.logout)}
<button class="quiet">Sign out</button>
</form>`
  return layout(brand, 'Your account', content, accountRules)
}

export const hidden = (form: string): Markup => html`<input type="hidden" name="form" value="${form}">`

/** Shows the person's email address and organization, as the provider named them, and among several providers which one did. */
export function identity(
  { email, organizationName }: Person,
  { brand, provider }: Pick<AccountPageInput, 'brand' | 'provider'>,
): Markup {
  const by = typeof provider === 'string' && html` with ${brand.provider}`
  return html`<p class="who">Signed in${by} as<br><b>${email ?? 'your account (no email address)'}</b>${organizationName !== undefined && html`<br>${displayName(organizationName, '')}`}</p>`
}

const nothing = ({ productName }: Brand) =>
  html`<div class="empty"><p>No app is connected. When you connect one to ${productName}, it appears here.</p></div>`

/**
 * Shows the publisher first. It is not called “verified”: the document proves its host, but not that a program on a computer is
 * the client of that publisher.
 */
function connection({ publisher, name, connectedAt, lastUsedAt, form }: ShownConnection): Markup {
  const claimed = clientName(name, '')
  const title = publisher !== undefined ? publisher : claimed
  const headline =
    publisher !== undefined
      ? breakable(publisher)
      : html`<bdi>${claimed === '' ? 'An app without a name' : claimed}</bdi> <span class="chip">not verified</span>`
  return html`<li><div><b>${headline}</b>
${publisher !== undefined && claimed !== '' && html`<p>Calls itself <bdi>${claimed}</bdi> <span class="chip">not verified</span></p>`}
<p>Connected ${day(connectedAt)}<br>Last used ${day(lastUsedAt)}</p></div>
<form class="actions" method="post" action="${accountPaths.account}">${hidden(form)}<button aria-label="Disconnect ${title === '' ? 'the app without a name' : title}, connected ${dayText(connectedAt)}">Disconnect</button></form></li>
`
}

function endAll(form: string): Markup {
  return html`<details class="more"><summary>Disconnect everything</summary>
<p>This disconnects every app and signs you out in every browser, this one included. Your apps then ask you to sign in again.</p>
<form class="actions" method="post" action="${accountPaths.account}">${hidden(form)}
<button class="danger">Disconnect everything</button>
</form></details>`
}

/**
 * Writes a day in UTC. The time of day would tell an attacker with a stolen token when the owner's client is likely to come next.
 */
function day(seconds: number): Markup {
  return html`<time datetime="${new Date(seconds * 1000).toISOString().slice(0, 10)}">${dayText(seconds)}</time>`
}

const dayFormat = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' })
const dayText = (seconds: number) => dayFormat.format(seconds * 1000)
