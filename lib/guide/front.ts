import { layout, type Page } from '../pages/layout.ts'
import { html, link, type Markup } from '../pages/markup.ts'
import { copyScriptPath } from './copy-script.ts'
import { frontRules } from './front-style.ts'
import { guide, guideIntroduction, guideTitle } from './guide.ts'
import type { Block, GuideInput, GuideSection } from './input.ts'

/**
 * Renders the guide as the front page of the service: how to connect, what to ask and what is shared. The rest opens when the reader
 * clicks it.
 */
export function frontPage(input: GuideInput): Page {
  const sections = guide(input)
  const content = html`<h1 class="strong">${guideTitle(input.brand)}</h1>
${guideIntroduction(input).map(rendered)}
${sections.slice(0, shown).map(section)}
<h2>More</h2>
${sections.slice(shown).map(folded)}
<script src="${copyScriptPath}" defer></script>`
  return { ...layout(input.brand, 'For AI clients', content, frontRules), scripts: "; script-src 'self'" }
}

/** The sections that are open: how to connect, what to ask, how to sign in. */
const shown = 3

const section = ({ heading, blocks, parts = [] }: GuideSection): Markup => html`<h2>${heading}</h2>
${blocks.map(rendered)}
${parts.map(folded)}`

const folded = ({ heading, blocks, parts = [] }: GuideSection): Markup =>
  html`<details class="more"><summary>${heading}</summary>
<div>${blocks.map(rendered)}
${parts.map(folded)}</div></details>
`

function rendered(block: Block): Markup {
  if (typeof block === 'string') return html`<p>${inline(block)}</p>\n`
  if ('apps' in block) {
    return html`<p class="apps">${block.apps.map(({ app, link: to }) => link(to, `Add to ${app}`, 'quiet'))}</p>\n`
  }
  if ('commands' in block) {
    const commands = block.commands.map(
      ({ client, command }) => html`<div><dt>${client}</dt><dd>${copied(html`<code>${command}</code>`)}</dd></div>\n`,
    )
    return html`<dl class="commands">${commands}</dl>\n`
  }
  if ('code' in block) {
    const lines = block.code.split('\n').map((line, index) => html`${index > 0 && '\n'}<code>${line}</code>`)
    return copied(html`${lines}`)
  }
  if ('items' in block)
    return html`<ul class="ways">${block.items.map((item) => html`<li>${inline(item)}</li>\n`)}</ul>\n`
  const [, ...columns] = block.columns
  return html`<ul class="ways">${block.rows.map((cells) => row(cells, columns))}</ul>\n`
}

/** Lines that a button of `copyScript` copies. */
const copied = (lines: Markup) => html`<div class="lines"><pre data-copy>${lines}</pre></div>\n`

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
