import { html, type Markup } from '../../pages/markup.ts'

/** What a user may tell support, so that the log and the record of the sign-in are found. */
export interface Reference {
  readonly requestId?: string | undefined
  /** The code of the attempt to connect. */
  readonly attempt?: string | undefined
}

export interface TechnicalDetails extends Reference {
  /** For the developer of the client: the error code and the public description, never the detail for the log. */
  readonly error?: { readonly code: string; readonly description?: string } | undefined
}

/** Makes the small print for support and for the developer of the client. */
export function technicalDetails({ requestId, attempt, error }: TechnicalDetails): Markup | undefined {
  if (requestId === undefined && attempt === undefined && error === undefined) return undefined
  const description = error?.description === undefined ? '' : `: ${error.description}`
  return html`<div class="small">
${error !== undefined && html`<p>Error <code>${error.code}</code>${description}</p>`}
${attempt !== undefined && html`<p>Code of this sign-in: <code class="whole">${attempt}</code></p>`}
${requestId !== undefined && html`<p>Request ID <code>${requestId}</code></p>`}
</div>`
}
