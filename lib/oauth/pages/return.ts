import type { Brand } from '../../pages/brand.ts'
import { attention, cross, tick } from '../../pages/icons.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { breakable, html, link, type Markup } from '../../pages/markup.ts'
import { type Destination, destinationOf, shortHost } from './destination.ts'
import { type TechnicalDetails, technicalDetails } from './technical-details.ts'

export interface ReturnPageInput extends TechnicalDetails {
  readonly brand: Brand
  /** `finished`: the client already has its answer. */
  readonly outcome: 'finished' | 'canceled' | 'failed'
  /**
   * The whole authorization response: the validated redirect URI with the parameters of the answer. If absent, the page
   * tells the user to go back to the app.
   */
  readonly location?: string | undefined
}

/**
 * Makes a page whose link hands an error, or a repeated answer, to the client. It stands in for a redirect to an app's own
 * scheme (A-20) and to an untrusted host, where a redirect without a click would make this server an open redirector
 * (A-17, C-11).
 *
 * Throws `TypeError` if the location is not safe to follow.
 */
export function returnPage({ brand, outcome, location, requestId, attempt, error }: ReturnPageInput): Page {
  const { sign, ...ours } = TEXTS[outcome]
  const { finishedTitle, finishedMessage } = (outcome === 'finished' && brand.texts) || {}
  const [title, happened] = [finishedTitle ?? ours.title, finishedMessage ?? ours.happened]
  const content = html`${sign}
<h1 class="strong">${title}</h1>
<p>${happened}</p>
${location === undefined ? outcome !== 'finished' && html`<p class="after note">Close this page and go back to your app.</p>` : wayBack(location)}
${technicalDetails({ requestId, attempt, error })}`
  return layout(brand, title, content)
}

const TEXTS = {
  finished: {
    title: 'This sign-in is finished',
    happened: 'If your app says that it is connected, close this page. Otherwise, go back to your app.',
    sign: html`<div class="sign done">${tick}</div>`,
  },
  canceled: {
    title: 'You canceled the sign-in',
    happened: 'The app was not connected.',
    sign: html`<div class="sign">${cross}</div>`,
  },
  failed: {
    title: 'The sign-in did not work',
    happened: 'The app was not connected. It may tell you what to do next.',
    sign: html`<div class="sign caution">${attention}</div>`,
  },
} as const

function wayBack(location: string): Markup {
  const { label, hint } = wayTo(destinationOf(location))
  return html`<p class="actions">${link(location, html`<bdi>${breakable(label)}</bdi>`, 'quiet')}</p>
<p class="after note">${hint}</p>`
}

function wayTo(destination: Destination): { label: string; hint: string } {
  if (destination.kind === 'web') {
    return {
      label: `Go back to ${shortHost(destination.host)}`,
      hint: 'Go back only if you know this address. Otherwise, close this page.',
    }
  }
  const app = destination.kind === 'app' ? `the app for ${destination.scheme}:// links` : 'the app on this computer'
  return { label: `Open ${app}`, hint: 'Open it only if you came from there. Otherwise, close this page.' }
}
