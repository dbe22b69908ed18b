import { request as httpRequest, type OutgoingHttpHeaders, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type CookieJar, createCookieJar, sameSite, trustworthy } from './cookies.ts'

export interface Browser {
  /**
   * Sends one request of a top-level navigation, and does not follow redirects. The place in the navigation follows
   * from the requests before: a GET of the last redirect target continues that navigation, another GET starts
   * one by the address bar, a POST is a form of the page that is showing.
   */
  readonly fetch: BrowserFetch
  readonly cookies: CookieJar
}

export type BrowserFetch = (url: string | URL, init?: BrowserInit) => Promise<Response>

export interface BrowserInit {
  readonly method?: 'GET' | 'POST'
  readonly body?: URLSearchParams
  /** The page whose link or form starts this navigation, where that is another than the one showing. */
  readonly initiator?: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

interface Chain {
  readonly initiator: URL | null
  /** Every URL of this navigation so far. */
  readonly urls: readonly URL[]
}

const redirectStatuses = new Set([301, 302, 303, 307, 308])

/**
 * A browser without a screen: cookies, `Origin` and `Sec-Fetch-*` as Chromium has them for navigations and form posts,
 * so that a server refuses here what it refuses a real browser. One browser is one user.
 *
 * @param reach how a host is reached that exists only in a test
 */
export function createBrowser(reach: (url: URL) => RequestOptions = () => ({})): Browser {
  const cookies = createCookieJar()
  let redirect: (Chain & { readonly location: string }) | null = null
  let page: { readonly url: URL; readonly referrerPolicy: string } | null = null

  const fetch: BrowserFetch = async (target, init = {}) => {
    const url = new URL(target)
    const { method = 'GET' } = init
    const continued = init.initiator === undefined && method === 'GET' && redirect?.location === url.href
    const started =
      init.initiator !== undefined ? new URL(init.initiator) : method === 'POST' ? (page?.url ?? null) : null
    const chain: Chain =
      continued && redirect !== null
        ? { initiator: redirect.initiator, urls: [...redirect.urls, url] }
        : { initiator: started, urls: [url] }
    redirect = null

    const cookie = cookies.header(url, { method, initiator: chain.initiator })
    const response = await send(url, { ...reach(url), method }, init, {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-language': 'en',
      'upgrade-insecure-requests': '1',
      ...(method === 'POST' && { origin: originHeader(chain.initiator, url, page?.referrerPolicy ?? '') }),
      ...(trustworthy(url) && {
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': fetchSite(chain),
        'sec-fetch-user': '?1',
      }),
      ...(cookie !== undefined && { cookie }),
      ...init.headers,
    })
    for (const setCookie of response.headers.getSetCookie()) cookies.set(url, setCookie)

    const location = response.headers.get('location')
    if (redirectStatuses.has(response.status) && location !== null) {
      redirect = { ...chain, location: new URL(location, url).href }
    } else {
      page = { url, referrerPolicy: response.headers.get('referrer-policy') ?? '' }
    }
    return response
  }
  return { fetch, cookies }
}

/** Fetch Metadata §2.3: the worst relation between the initiator of the navigation and any URL on its way. */
function fetchSite({ initiator, urls }: Chain): string {
  if (initiator === null) return 'none'
  if (urls.every((url) => url.origin === initiator.origin)) return 'same-origin'
  return urls.every((url) => sameSite(initiator, url)) ? 'same-site' : 'cross-site'
}

/** Fetch §3.2, "append a request `Origin` header": a page that sends no referrer has an opaque origin. */
function originHeader(initiator: URL | null, url: URL, referrerPolicy: string): string {
  if (initiator === null || referrerPolicy === 'no-referrer') return 'null'
  if (referrerPolicy === 'same-origin' && initiator.origin !== url.origin) return 'null'
  return initiator.protocol === 'https:' && url.protocol !== 'https:' ? 'null' : initiator.origin
}

/** By `node:http`, because `fetch` overwrites `Sec-Fetch-Mode`. */
function send(url: URL, reached: RequestOptions, init: BrowserInit, headers: OutgoingHttpHeaders): Promise<Response> {
  const body = init.body?.toString()
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const options = { ...reached, ...(init.signal && { signal: init.signal }) }
    const outgoing = request(url, options, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const answered = new Headers()
        for (const [name, values] of Object.entries(incoming.headersDistinct)) {
          for (const value of values ?? []) answered.append(name, value)
        }
        const status = incoming.statusCode ?? 0
        const empty = status === 204 || status === 304
        resolve(new Response(empty ? null : Buffer.concat(chunks), { status, headers: answered }))
      })
    })
    outgoing.on('error', reject)
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) outgoing.setHeader(name, value)
    if (body !== undefined) outgoing.setHeader('content-type', 'application/x-www-form-urlencoded')
    outgoing.end(body)
  })
}
