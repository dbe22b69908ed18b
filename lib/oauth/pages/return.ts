import type { Brand } from './brand.ts'
import { type Destination, destinationOf, shortHost } from './destination.ts'
import { displayName } from './display-name.ts'
import { attention, cross, tick } from './icons.ts'
import { layout, type Page } from './layout.ts'
import { breakable, href, html } from './markup.ts'
import { technicalDetails } from './technical-details.ts'

export interface ReturnPageInput {
  readonly brand: Brand
  readonly outcome: 'signed-in' | 'cancelled' | 'failed'
  /** The whole authorization response: the validated redirect URI with the parameters of the answer. */
  readonly location: string
  /** What the client calls itself. */
  readonly clientName?: string
  readonly requestId?: string
  /** With `failed`: the wire code and the public description. */
  readonly error?: { readonly code: string; readonly description?: string }
}

/**
 * Hands the answer over by a click of the person: to an app's own scheme, where a redirect fails without a word, and
 * to a host that nobody vouches for, where an unasked-for redirect would make us an open redirector (A-17, C-11).
 *
 * Throws `TypeError` when the location is not one to go to.
 */
export function returnPage({ brand, outcome, location, clientName, requestId, error }: ReturnPageInput): Page {
  const destination = destinationOf(location)
  const { title, happened, sign } = TEXTS[outcome]
  const { label, hint } = wayBack(destination, clientName)
  const content = html`${sign}
<h1 class="strong">${title}</h1>
<p>${happened}</p>
<p class="actions"><a class="button ${outcome === 'signed-in' ? 'primary' : 'quiet'}" href="${href(location)}"><bdi>${breakable(label)}</bdi></a></p>
<p class="after note">${hint}</p>
${technicalDetails({ requestId, error })}`
  return layout(brand, title, content)
}

const TEXTS = {
  'signed-in': {
    title: 'You are signed in',
    happened: 'One step is left: go back to your app, which finishes the connection.',
    sign: html`<div class="sign done">${tick}</div>`,
  },
  cancelled: {
    title: 'You cancelled the sign-in',
    happened: 'The app was not connected.',
    sign: html`<div class="sign">${cross}</div>`,
  },
  failed: {
    title: 'The sign-in did not work',
    happened: 'The app was not connected. It may know what to do next.',
    sign: html`<div class="sign caution">${attention}</div>`,
  },
} as const

function wayBack(destination: Destination, clientName: string | undefined): { label: string; hint: string } {
  if (destination.kind === 'web') {
    return {
      label: `Go back to ${shortHost(destination.host)}`,
      hint: 'Go back only if you know this address. Otherwise, close this page.',
    }
  }
  const opens = destination.kind === 'app' ? `the app for ${destination.scheme}:// links` : 'an app on this computer'
  return {
    label: `Return to ${displayName(clientName, 'your app')}`,
    hint: `This opens ${opens}. You can close this page afterwards.`,
  }
}
