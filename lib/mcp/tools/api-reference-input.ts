import { type Failure, failure } from './failure.ts'

/** Where the model wants to look: the name of an API, or the address of a page. Empty counts as absent. */
export interface Scope {
  readonly api?: string
  readonly url?: string
}

/** A valid input, or the refusal that is the tool's answer. */
export type Checked<Value> =
  | { readonly value: Value; readonly refusal?: never }
  | { readonly refusal: ReturnType<typeof failure> }

const refuse = (body: Failure) => ({ refusal: failure(body) })

/** Characters (UTF-16 units). */
const maximumUrl = 2_000
export const maximumQuery = 2_000
export const maximumUrls = 10

/**
 * The page to look at, with all pages below it. An address wins over a name, and `all` means every page. Only the hub knows
 * which names exist. A name is one segment of the path, so it cannot lead out of the API pages.
 *
 * @param pagesUrl base of the pages of all APIs, without a slash at the end
 */
export function scopeOf({ api, url }: Scope, pagesUrl: string | undefined): Checked<{ readonly url?: string }> {
  const address = url?.trim() ?? ''
  if (address !== '') return isPageUrl(address) ? { value: { url: address } } : refuse(invalidUrl('`url`'))
  const name = api?.trim() ?? ''
  if (name === '' || name === 'all') return { value: {} }
  if (pagesUrl === undefined) {
    return refuse({
      error: 'invalid_api',
      message: 'This server cannot find an API by its name. Leave `api` out, or send the `url` of its page.',
    })
  }
  if (!/^[\w.-]{1,100}$/.test(name) || name === '.' || name === '..') {
    return refuse({
      error: 'invalid_api',
      message: '`api` must be the name of an API: letters, digits, `.`, `_` and `-`. Leave it out for all APIs.',
    })
  }
  return { value: { url: `${pagesUrl}/${name}` } }
}

export function queryOf(text: string): Checked<string> {
  const query = text.trim()
  if (query === '') return refuse({ error: 'missing_query', message: 'Say what to look for: `query` is empty.' })
  if (query.length <= maximumQuery) return { value: query }
  return refuse({
    error: 'query_too_long',
    message: `The query is longer than ${maximumQuery} characters. Shorten it and search again.`,
  })
}

export function urlsOf(given: readonly string[]): Checked<readonly string[]> {
  const urls = given.map((url) => url.trim())
  if (urls.length === 0) {
    return refuse({ error: 'missing_urls', message: 'Say which pages to read: `urls` is empty.' })
  }
  if (urls.length > maximumUrls) {
    return refuse({
      error: 'too_many_urls',
      message: `\`urls\` has more than ${maximumUrls} addresses. Read the pages in several calls.`,
    })
  }
  return urls.every(isPageUrl) ? { value: urls } : refuse(invalidUrl('Every one of `urls`'))
}

const invalidUrl = (what: string): Failure => ({
  error: 'invalid_url',
  message: `${what} must be a complete http or https URL of at most ${maximumUrl} characters, as the list and the search return it.`,
})

/** Whether a URL can go to the hub as it is: the hub compares it, so nothing in it may be for a URL parser to change. */
const isPageUrl = (url: string) => url.length <= maximumUrl && /^https?:\/\/\S+$/i.test(url) && URL.canParse(url)
