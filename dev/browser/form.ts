/** One form of a page, ready to be sent. */
export interface Form {
  readonly action: URL
  readonly method: 'GET' | 'POST'
  /** The fields with the values of the page, without its buttons. */
  readonly fields: URLSearchParams
  /** Its submit buttons. The name and value of the one that the user presses are sent. */
  readonly buttons: readonly { readonly name: string; readonly value: string }[]
}

/**
 * The first form of a page, by the few rules that our own pages and the local OpenID Provider's keep: double-quoted
 * attributes, `<input>` and `<button>` alone.
 *
 * @throws Error if there is none
 */
export function readForm(html: string, page: URL): Form {
  const form = /<form\b([^>]*)>(.*?)<\/form>/s.exec(html)
  if (form === null) throw new Error(`no form on ${page.origin}${page.pathname}`)
  const [, start = '', inside = ''] = form
  const fields = new URLSearchParams()
  const buttons: { name: string; value: string }[] = []
  for (const [, element, text = ''] of inside.matchAll(/<(input|button)\b((?:[^>"]|"[^"]*")*)>/g)) {
    const { name, value = '', type, checked } = attributes(text)
    if (element === 'button') buttons.push({ name: name ?? '', value })
    else if (type === 'checkbox' && checked === undefined) continue
    else if (name !== undefined && type !== 'submit') fields.append(name, value)
  }
  const { action, method } = attributes(start)
  return {
    action: new URL(action ?? '', page),
    method: method?.toLowerCase() === 'post' ? 'POST' : 'GET',
    fields,
    buttons,
  }
}

function attributes(text: string): { readonly [name: string]: string | undefined } {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      decode(value),
    ]),
  )
}

const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

function decode(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity, name: string) => entities[name] ?? entity)
}
