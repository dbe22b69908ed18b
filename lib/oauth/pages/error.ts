import type { Brand } from './brand.ts'
import { type ErrorKind, errorText } from './error-texts.ts'
import { layout, type Page } from './layout.ts'
import { href, html } from './markup.ts'
import { technicalDetails } from './technical-details.ts'

export interface ErrorPageInput {
  readonly brand: Brand
  readonly kind: ErrorKind
  /** By which support finds the request in the log. */
  readonly requestId: string
  /** For the developer of the client: the wire code and the public description, never the internal detail. */
  readonly error?: { readonly code: string; readonly description?: string }
  readonly link?: { readonly text: string; readonly url: string }
}

/** A dead end, made as short as it can be: what happened, what to do. Throws `TypeError` when the link is not one to go to. */
export function errorPage({ brand, kind, requestId, error, link }: ErrorPageInput): Page {
  const { title, happened, remedy } = errorText(kind, brand)
  const content = html`<h1 class="strong">${title}</h1>
<p>${happened}</p>
<h2>What to do</h2>
<p>${remedy}</p>
${link !== undefined && html`<p class="actions"><a class="button primary" href="${href(link.url)}">${link.text}</a></p>`}
${technicalDetails({ requestId, error })}`
  return layout(brand, title, content)
}
