import { layout, type Page } from '../pages/layout.ts'
import { html, type Markup } from '../pages/markup.ts'
import { type GuideInput, guide, guideTitle } from './guide.ts'

/** For a person who opens the address of this service: how to connect a client, and what that means for them. */
export function frontPage(input: GuideInput): Page {
  const sections = guide(input).map(
    ({ heading, paragraphs }) => html`<h2>${heading}</h2>
${paragraphs.map((paragraph) => html`<p>${withCode(paragraph)}</p>\n`)}`,
  )
  return layout(input.brand, 'For AI clients', html`<h1 class="strong">${guideTitle(input.brand)}</h1>\n${sections}`)
}

/** What stood between backticks is every second part. */
function withCode(paragraph: string): Markup {
  return html`${paragraph.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`
}
