import type { Brand } from '../../pages/brand.ts'
import { attention } from '../../pages/icons.ts'
import { layout, type Page } from '../../pages/layout.ts'
import { html } from '../../pages/markup.ts'
import type { ErrorKind } from '../errors.ts'
import { errorText } from './error-texts.ts'
import { type TechnicalDetails, technicalDetails } from './technical-details.ts'

export interface ErrorPageInput extends TechnicalDetails {
  readonly brand: Brand
  readonly kind: ErrorKind
  /** A path of this server that starts the same sign-in again. */
  readonly again?: string | undefined
  /** What the user can do, in the place of the usual words. */
  readonly remedy?: string | undefined
}

/** Makes an error page: what happened, and what to do. Throws `TypeError` if a link of the brand is not safe to follow. */
export function errorPage({ brand, kind, requestId, attempt, error, again, ...input }: ErrorPageInput): Page {
  const { title, happened, remedy, remedyHere = remedy, ways, besides } = errorText(kind, brand)
  const content = html`<div class="sign caution">${attention}</div>
<h1 class="strong">${title}</h1>
<p>${happened}</p>
<h2>What to do</h2>
<p>${input.remedy ?? (again === undefined ? remedy : remedyHere)}</p>${again !== undefined && html`<p class="actions"><a class="button primary" href="${again}" referrerpolicy="no-referrer">Start again</a></p>`}
${ways !== undefined && html`<ul class="ways">${ways.map((way) => html`<li>${way}</li>`)}</ul>`}
${besides !== undefined && html`<p>${besides}</p>`}
${brand.texts?.errorMessage !== undefined && html`<p>${brand.texts.errorMessage}</p>`}
${technicalDetails({ requestId, attempt, error })}`
  return layout(brand, title, content)
}
