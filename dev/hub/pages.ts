import MiniSearch from 'minisearch'
import { type Api, apis } from './fixture.ts'

export const pageTypes = ['api', 'operation', 'schema', 'topic', 'authentication', 'webhook'] as const
export type PageType = (typeof pageTypes)[number]

export interface Page {
  readonly type: PageType
  readonly url: string
  readonly title: string
  /** Markdown. */
  readonly content: string
}

export interface Pages {
  /** Lists the APIs, or the pages directly below a page. Undefined if there is no such page. */
  list(url: string | undefined): readonly Page[] | undefined
  /** Returns the best pages first. Undefined if there is no page at the URL to search below. */
  search(search: { query: string; url?: string; type?: PageType }): readonly Page[] | undefined
  get(url: string): Page | undefined
}

/** @param base URL of all pages, without a slash at the end */
export function createPages(base: string): Pages {
  const pages = apis.flatMap((api) => pagesOf(api, `${base}/${api.name}`))
  const byUrl = new Map(pages.map((page) => [page.url, page]))
  const index = new MiniSearch({ idField: 'url', fields: ['title', 'content', 'url'], searchOptions: { prefix: true } })
  index.addAll(pages)

  const withoutSlash = (url: string) => url.replace(/\/$/, '')
  /** Returns the pages at a URL and below it; all pages for the base itself. */
  const scope = (url: string | undefined) => {
    const top = withoutSlash(url ?? base)
    return top === base || byUrl.has(top) ? `${top}/` : undefined
  }
  return {
    list(url) {
      const below = scope(url)
      if (below === undefined) return undefined
      if (below === `${base}/`) return pages.filter(({ type }) => type === 'api')
      return pages.filter((page) => page.url.startsWith(below))
    },
    search({ query, url, type }) {
      const below = scope(url)
      if (below === undefined) return undefined
      return index
        .search(query)
        .flatMap(({ id }) => byUrl.get(String(id)) ?? [])
        .filter((page) => `${page.url}/`.startsWith(below) && (type === undefined || page.type === type))
    },
    get: (url) => byUrl.get(withoutSlash(url)),
  }
}

function pagesOf(api: Api, url: string): readonly Page[] {
  const page = (type: PageType, path: string, title: string, text: string): Page => ({
    type,
    url: `${url}/${path}`,
    title,
    content: `# ${title}\n\n${text}\n\nPart of the Redpanda ${api.title}.\n`,
  })
  const each = (type: PageType, entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).map(([title, text]) => page(type, `${type}/${type}-${slug(title)}`, title, text))
  return [
    { type: 'api', url, title: api.title, content: `# ${api.title}\n\n${api.about}\n` },
    page('authentication', 'authentication', 'Authentication', api.authentication),
    ...each('topic', api.topics),
    ...each('operation', api.operations),
    ...each('schema', api.schemas),
    ...each('webhook', api.webhooks),
  ]
}

const slug = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
