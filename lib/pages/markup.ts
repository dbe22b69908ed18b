import { html as template } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

export type Markup = HtmlEscapedString
type Value = string | number | false | undefined | Markup | readonly Markup[]

/** Makes markup. Every interpolated string is escaped, for text and for quoted attributes; markup is not escaped again. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const markup = template(strings, ...values)
  if (markup instanceof Promise) throw new TypeError('A page waits for nothing')
  return markup
}

/** Checks a URL for `href`. Throws `TypeError` for a URL that a browser would execute, such as `javascript:`. */
export function href(url: string): string {
  if (/^(?:javascript|data|vbscript|blob|file|about|filesystem|view-source):$/.test(new URL(url).protocol)) {
    throw new TypeError('This is not a place to link to')
  }
  return url
}

/**
 * Makes a link, or a button if `look` is given. The link sends no `Referer`: the URL of a page may hold a code or a `state`,
 * and the page's own policy would tell it to a documentation site on the same origin.
 */
export function link(url: string, text: string | Markup, look?: string): Markup {
  const shown = look !== undefined && html` class="button ${look}"`
  return html`<a${shown} href="${href(url)}" referrerpolicy="no-referrer">${text}</a>`
}

/**
 * Lets a long host break after a dot: a user may take a name that is broken elsewhere for another one. It never breaks
 * before the last label, so that the owner's domain stays in one piece.
 */
export function breakable(text: string): Markup {
  return html`${text.split(/(?<=\.)(?=.*\.)/).map((label, index) => html`${index > 0 && BREAK}${label}`)}`
}

const BREAK = html`<wbr>`
