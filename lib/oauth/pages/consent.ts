import type { Brand } from '../../pages/brand.ts'
import { chart, chat, mail, tick } from '../../pages/icons.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { breakable, html, link, type Markup } from '../../pages/markup.ts'
import { type Destination, destinationOf, shortHost } from './destination.ts'
import { clientName, displayName } from './display-name.ts'
import { technicalDetails } from './technical-details.ts'

const icons = { mail, chart, chat }

export interface ConsentPageInput {
  readonly brand: Brand
  readonly client: {
    /** What the client calls itself. */
    readonly name?: string | undefined
    /** The host of the client's metadata document. */
    readonly verifiedHost?: string | undefined
    /** The URL of that document. */
    readonly document?: string | undefined
  }
  /** The validated redirect URI of this request. */
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** What each scope allows. If absent, the page shows its name. */
  readonly scopeTexts?: Readonly<Record<string, string>>
  /** The scopes among them that the user may leave out. If absent, none. */
  readonly optionalScopes?: readonly string[]
  /** Further scopes, which the user may add. If absent, none. */
  readonly addableScopes?: readonly string[]
  /** A sentence about the scopes. */
  readonly note?: string | undefined
  /** The buttons of several providers, and their styles, in the place of the only one. */
  readonly buttons?: { readonly markup: Markup; readonly rules?: string } | undefined
  /** Where the form is posted to. The pressed button arrives as `action`: `approve` or `cancel`. */
  readonly action: string
  readonly hiddenFields: Readonly<Record<string, string>>
  /** The URL of the page where the user sees and ends what is connected. Absent: there is none. */
  readonly accountUrl?: string | undefined
  /** The code of the attempt. */
  readonly attempt?: string | undefined
}

/**
 * Makes the consent page, which the user sees before the OpenID Provider (C-01, C-03). The headline is what is verified: the
 * host of the client's metadata document. Nothing is verified of a client that registered itself, so its headline is the
 * place where the answer goes. The client's own name is shown as a claim (C-04).
 *
 * Throws `TypeError` if the redirect URI is not a URL, or if a link of the brand is not safe to follow.
 */
export function consentPage(input: ConsentPageInput): Page {
  const {
    brand,
    client,
    redirectUri,
    scopes,
    optionalScopes: leavable = [],
    addableScopes: addable = [],
    action,
    hiddenFields,
  } = input
  const permission = (scope: string) => input.scopeTexts?.[scope] ?? html`<code>${displayName(scope, 'unnamed')}</code>`
  const destination = destinationOf(redirectUri)
  const warning = caution(destination, client.verifiedHost)
  const { consentTitle = 'Connect {app} to {product}', consentMessage, approveButton, cancelButton } = brand.texts ?? {}
  const app = html`<b>${breakable(shortHost(client.verifiedHost ?? placeOf(destination)))}</b>`
  const content = html`<h1>${filled(consentTitle, { app, product: brand.productName })}</h1>
${consentMessage !== undefined && html`<p>${consentMessage}</p>`}
<dl>${facts(client, destination)}</dl>
${warning !== undefined && html`<p class="warn">${warning}</p>`}
${
  brand.shared &&
  html`<h2>What you share</h2>
<ul>${brand.shared.map(({ icon, what, how }) => html`<li>${icons[icon]}<span><b>${what}</b>: ${how}</span></li>`)}</ul>`
}
<h2>What the app can do</h2>
<ul>${scopes.map((scope) => html`<li>${tick}<span>${leavable.includes(scope) ? html`<span>${permission(scope)}</span>${leaveOut(scope)}` : permission(scope)}</span></li>`)}${addable.map((scope) => html`<li>${chart}<span><span>${permission(scope)}</span>${add(scope)}</span></li>`)}</ul>
${input.note !== undefined && html`<p>${input.note}</p>`}
<form class="actions" method="post" action="${action}"${leavable.length + addable.length > 0 && html` id="answer"`}>
${Object.entries(hiddenFields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${input.buttons?.markup ?? html`<button class="primary" name="action" value="approve">${approveButton ?? `Continue with ${brand.provider}`}</button>`}
<button class="quiet" name="action" value="cancel">${cancelButton ?? 'Cancel'}</button>
</form>
${signUp(brand)}
${input.accountUrl !== undefined && html`<p class="after">${link(input.accountUrl, 'What is connected as you')}</p>`}
${technicalDetails({ attempt: input.attempt })}`
  return layout(brand, 'Connect an app', content, input.buttons?.rules)
}

/** Puts values into the places of a text that are named in braces. Everything else in it is text. */
function filled(text: string, values: { readonly app: Markup; readonly product: string }): Markup[] {
  return text.split(/(\{app\}|\{product\})/).map((part) => {
    if (part === '{app}') return values.app
    return html`${part === '{product}' ? values.product : part}`
  })
}

function facts(client: ConsentPageInput['client'], destination: Destination): Markup[] {
  const { verifiedHost, document } = client
  const name = clientName(client.name, '')
  // The document proves its host. Nothing proves that a program on this computer is the client of the document.
  const proof = destination.kind === 'web' && html`<span class="chip verified">${tick}verified</span>`
  return [
    verifiedHost !== undefined &&
      fact(
        'Published by',
        html`<b>${breakable(verifiedHost)}</b> ${proof} ${document !== undefined && details('Document', document)}`,
      ),
    name !== '' && fact('Calls itself', html`<bdi>${name}</bdi> <span class="chip">not verified</span>`),
    fact(
      'Sends you to',
      destination.kind === 'app'
        ? html`<b>${placeOf(destination)}</b><br><code>${breakable(destination.address)}</code>`
        : html`${destination.kind === 'loopback' ? html`${placeOf(destination)} at <b>${destination.host}</b>` : html`<b>${breakable(placeOf(destination))}</b>`} ${details('Full address', destination.address)}`,
    ),
  ].filter((row) => row !== false)
}

/** Shows a whole address on demand. Many sites can share a host, and then the path tells whose site it is. */
function details(summary: string, address: string): Markup {
  return html`<details><summary>${summary}</summary><code>${address}</code></details>`
}

function fact(term: string, description: Markup): Markup {
  return html`<div><dt>${term}</dt><dd>${description}</dd></div>`
}

function placeOf(destination: Destination): string {
  switch (destination.kind) {
    case 'web':
      return destination.host
    case 'loopback':
      return 'an app on this computer'
    case 'app':
      return `the app for ${destination.scheme}:// links`
  }
}

/** Returns the warning about what only the user can judge. There is none if the verified host is the destination. */
function caution(destination: Destination, verifiedHost: string | undefined): string | undefined {
  const only = 'Continue only if you started this yourself.'
  switch (destination.kind) {
    case 'loopback': // C-05
      return `Any program on this computer can pose as ${verifiedHost ?? 'this app'}. ${only}`
    case 'app': // RFC 8252 §8.6: any app may register the scheme.
      return `Any app on this device can claim these links. ${only}`
    case 'web':
      if (verifiedHost === undefined)
        return 'This app is not verified. Continue only if you know this address and started this yourself.'
      if (verifiedHost !== destination.host)
        return 'You will be sent to a different address. Continue only if you know both addresses.'
      return undefined
  }
}

/**
 * Makes the box that leaves a scope out when it is ticked. A form without the field then means what an older page said: the
 * scope is granted.
 */
function leaveOut(scope: string): Markup {
  return html`<label class="leave-out"><input type="checkbox" form="answer" name="leave_out" value="${scope}"> Leave this out</label>`
}

/** Makes the box that adds a scope when it is ticked. */
function add(scope: string): Markup {
  return html`<label class="leave-out"><input type="checkbox" form="answer" name="add" value="${scope}"> Allow this</label>`
}

function signUp({ provider, signupUrl }: Brand): Markup | undefined {
  if (signupUrl === undefined) return undefined
  return html`<p class="after">New to ${provider}? ${link(signupUrl, 'Create an account')}</p>`
}
