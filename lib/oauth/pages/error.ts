import type { Brand } from './brand.ts'
import { type ErrorKind, errorText } from './error-texts.ts'
import { attention } from './icons.ts'
import { layout, type Page } from './layout.ts'
import { html } from './markup.ts'
import { technicalDetails } from './technical-details.ts'

export interface ErrorPageInput {
  readonly brand: Brand
  readonly kind: ErrorKind
  /** By which support finds the request in the log. */
  readonly requestId: string
  /** For the developer of the client: the wire code and the public description, never the internal detail. */
  readonly error?: { readonly code: string; readonly description?: string }
}

/** A dead end, made as short as it can be: what happened, what to do. Throws `TypeError` when a link of the brand is not one to go to. */
export function errorPage({ brand, kind, requestId, error }: ErrorPageInput): Page {
  const { title, happened, remedy, ways, besides } = errorText(kind, brand)
  const content = html`<div class="sign caution">${attention}</div>
<h1 class="strong">${title}</h1>
<p>${happened}</p>
<h2>What to do</h2>
<p>${remedy}</p>
${ways !== undefined && html`<ul class="ways">${ways.map((way) => html`<li>${way}</li>`)}</ul>`}
${besides !== undefined && html`<p>${besides}</p>`}
${technicalDetails({ requestId, error })}`
  return layout(brand, title, content)
}
