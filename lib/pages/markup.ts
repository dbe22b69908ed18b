import { html as template } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

export type Markup = HtmlEscapedString
type Value = string | number | false | undefined | Markup | readonly Markup[]

/** Every interpolated string is escaped, for text and for quoted attributes; markup made here is not escaped again. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const markup = template(strings, ...values)
  if (markup instanceof Promise) throw new TypeError('A page waits for nothing')
  return markup
}

/** For `href`. The last line of defence: a URL that a browser would run, instead of going there, throws `TypeError`. */
export function href(url: string): string {
  if (/^(?:javascript|data|vbscript|blob|file|about|filesystem|view-source):$/.test(new URL(url).protocol)) {
    throw new TypeError('This is not a place to link to')
  }
  return url
}

/**
 * A link, or with a `look` a button that is one. It says nothing of where the person comes from: the address of a page may
 * hold a code or a `state`, and a documentation site on our own origin would be told by the policy of the page.
 */
export function link(url: string, text: string | Markup, look?: string): Markup {
  const shown = look !== undefined && html` class="button ${look}"`
  return html`<a${shown} href="${href(url)}" referrerpolicy="no-referrer">${text}</a>`
}

/**
 * A host too long for its line breaks after a dot: a name torn in the middle is easily taken for another one. Never before the
 * last label, so that who it belongs to stays in one piece.
 */
export function breakable(text: string): Markup {
  return html`${text.split(/(?<=\.)(?=.*\.)/).map((label, index) => html`${index > 0 && BREAK}${label}`)}`
}

const BREAK = html`<wbr>`
