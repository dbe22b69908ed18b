import { layout, type Page } from '../pages/layout.ts'
import { html, link, type Markup } from '../pages/markup.ts'
import { guide, guideIntroduction, guideTitle } from './guide.ts'
import type { Block, GuideInput, GuideSection } from './input.ts'

/** Renders the guide as the front page of the service. */
export function frontPage(input: GuideInput): Page {
  const content = html`<h1 class="strong">${guideTitle(input.brand)}</h1>
${guideIntroduction(input).map(rendered)}
${guide(input).map(section)}`
  return layout(input.brand, 'For AI clients', content)
}

/** The parts of a section open when the reader clicks them, so that the page stays short. */
function section({ heading, blocks, parts = [] }: GuideSection): Markup {
  return html`<h2>${heading}</h2>
${blocks.map(rendered)}
${parts.map((part) => html`<div><details><summary>${part.heading}</summary>\n${part.blocks.map(rendered)}</details></div>\n`)}`
}

function rendered(block: Block): Markup {
  if (typeof block === 'string') return html`<p>${inline(block)}</p>\n`
  if ('code' in block) {
    const lines = block.code.split('\n').map((line, index) => html`${index > 0 && '\n'}<code>${line}</code>`)
    return html`<pre>${lines}</pre>\n`
  }
  if ('items' in block)
    return html`<ul class="ways">${block.items.map((item) => html`<li>${inline(item)}</li>\n`)}</ul>\n`
  const [, ...columns] = block.columns
  return html`<ul class="ways">${block.rows.map((cells) => row(cells, columns))}</ul>\n`
}

/** A row of a table: its first cell names what the others describe. Cells after the second need their column's name. */
function row([name = '', ...cells]: readonly string[], columns: readonly string[]): Markup {
  const lines = cells.map((cell, index) => html`<br>${index > 0 && `${columns[index]}: `}${inline(cell)}`)
  return html`<li><b>${inline(name)}</b>${lines}</li>\n`
}

const markup = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\((https?:[^)\s]+)\)/g

/** Turns the markup that a `GuideSection` may hold into HTML. */
function inline(text: string): Markup {
  const pieces: Markup[] = []
  let end = 0
  for (const match of text.matchAll(markup)) {
    const [all, code, strong, emphasis, label, url] = match
    pieces.push(html`${text.slice(end, match.index)}`)
    if (code !== undefined) pieces.push(html`<code>${code}</code>`)
    else if (strong !== undefined) pieces.push(html`<b>${strong}</b>`)
    else if (label !== undefined && url !== undefined) pieces.push(link(url, label))
    else pieces.push(html`<em>${emphasis}</em>`)
    end = match.index + all.length
  }
  return html`${pieces}${text.slice(end)}`
}
