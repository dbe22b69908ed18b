import { type GuideInput, guide, guideMarkdown } from './guide.ts'
import { brandLinks, layout, type Page } from './layout.ts'
import { html, type Markup } from './markup.ts'

const titleOf = ({ brand }: GuideInput) => `${brand.productName} for AI clients`

/** For a person who opens the address of this service: how to connect a client, and what that means for them. */
export function frontPage(input: GuideInput): Page {
  const sections = guide(input).map(
    ({ heading, paragraphs }) => html`<h2>${heading}</h2>
${paragraphs.map((paragraph) => html`<p>${withCode(paragraph)}</p>\n`)}`,
  )
  return layout(input.brand, 'For AI clients', html`<h1 class="strong">${titleOf(input)}</h1>\n${sections}`)
}

/** The same for whoever reads Markdown. */
export function frontMarkdown(input: GuideInput): string {
  const links = Object.fromEntries(brandLinks(input.brand).map(({ text, url }) => [text, url]))
  return guideMarkdown(titleOf(input), guide(input), links)
}

/** What stood between backticks is every second part. */
function withCode(paragraph: string): Markup {
  return html`${paragraph.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`
}
