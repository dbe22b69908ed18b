import { html, type Markup } from '../../pages/markup.ts'

export interface TechnicalDetails {
  /** Support finds the request in the log by it. */
  readonly requestId?: string | undefined
  /** For the developer of the client: the error code and the public description, never the detail for the log. */
  readonly error?: { readonly code: string; readonly description?: string } | undefined
}

/** Makes the small print for support and for the developer of the client. */
export function technicalDetails({ requestId, error }: TechnicalDetails): Markup | undefined {
  if (requestId === undefined && error === undefined) return undefined
  const description = error?.description === undefined ? '' : `: ${error.description}`
  return html`<div class="small">
${error !== undefined && html`<p>Error <code>${error.code}</code>${description}</p>`}
${requestId !== undefined && html`<p>Request ID <code>${requestId}</code></p>`}
</div>`
}
