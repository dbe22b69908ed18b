import { raw } from 'hono/html'
import type { Brand } from './brand.ts'
import type { Palette } from './color.ts'
import { html, link, type Markup } from './markup.ts'
import { type Style, styleFor } from './style.ts'

/** A finished page. `htmlResponse` sends it with the headers that its style needs. */
export interface Page {
  readonly html: string
  readonly style: Style
  /** A directive of the content security policy, after `; `. Absent: the page has no script, like every page of a sign-in. */
  readonly scripts?: string
}

/**
 * Lays out a page: one card, with the brand above it and the brand's links below.
 *
 * @param title what the page is; the product name is added
 * @param rules styles that only some pages need
 */
export function layout(brand: Brand, title: string, content: Markup, rules?: string): Page {
  const style = styleFor(brand, rules)
  const initial = [...brand.name].slice(0, 1).join('').toUpperCase()
  const { logoUrl } = brand
  const sign = logoUrl
    ? html`<img class="logo" src="${logoUrl}" alt="" referrerpolicy="no-referrer">`
    : html`<span class="mark" aria-hidden="true">${initial}</span>`
  const links = brandLinks(brand).map(({ text, url }) => link(url, text))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · ${brand.productName}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="${favicon(initial, style.colors)}">
<style>${raw(style.text)}</style>
</head>
<body>
<header class="brand">${sign}${brand.productName}</header>
<main>
${content}
</main>
${links.length > 0 && html`<footer>${links}</footer>`}
</body>
</html>
`
  return { html: page.toString(), style }
}

/** The links at the end of every page. */
export function brandLinks(brand: Brand): readonly { readonly text: string; readonly url: string }[] {
  return [
    { text: 'Privacy policy', url: brand.privacyUrl },
    { text: 'Documentation', url: brand.documentationUrl },
    { text: 'Support', url: brand.supportUrl },
  ].flatMap(({ text, url }) => (url === undefined ? [] : [{ text, url }]))
}

function favicon(initial: string, { button, buttonText }: Palette): string {
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${button}"/><text x="16" y="23" font-family="sans-serif" font-size="20" font-weight="700" text-anchor="middle" fill="${buttonText}">${initial}</text></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg.toString())}`
}
