import { startDeadline, untilAborted } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { isObject, jsonOf } from '../base/json.ts'
import { measured } from '../base/telemetry.ts'
import type { Failure } from './calls.ts'
import { describe, HttpError, isRefusal, isTimeout, MalformedAnswer, secondsToWait } from './errors.ts'
import { connectionErrors, readText, throwUnlessOk } from './http.ts'

/** A page that is not public, as its search found it. */
export interface PrivatePage {
  readonly title: string
  readonly url: string
  /** A part of its text. */
  readonly excerpt: string
}

/**
 * What the search answered.
 * - `unauthorized`: it does not accept the access token (401).
 * - `forbidden`: the account of the token may not read this (403).
 */
export type PagesAnswer =
  | { readonly kind: 'pages'; readonly pages: readonly PrivatePage[] }
  | { readonly kind: 'unauthorized' | 'forbidden' }
  | Failure

/** Searches pages with the rights of an access token. Never throws. */
export interface PrivatePages {
  search(wanted: WantedPages, accessToken: string, signal: AbortSignal): Promise<PagesAnswer>
}

export interface WantedPages {
  readonly query: string
  /** Absent: everywhere. */
  readonly space?: string | undefined
}

/** The most pages of an answer, and the most characters of the texts of each. */
const mostPages = 10
const longest = { title: 300, url: 2_000, excerpt: 2_000 }

const malformed = 'not a list of pages'

/**
 * Makes the search of private pages at a URL: `GET <url>?query=…&space=…` with the access token of the person, which goes nowhere else.
 *
 * @param timeout milliseconds
 */
export function createPrivatePages({
  url,
  timeout = 10_000,
}: {
  readonly url: string
  readonly timeout?: number
}): PrivatePages {
  async function ask(wanted: WantedPages, accessToken: string, signal: AbortSignal): Promise<readonly PrivatePage[]> {
    const address = new URL(url)
    for (const [name, value] of Object.entries(defined({ ...wanted }))) address.searchParams.set(name, value)
    const response = await connectionErrors(
      // The query is in the URL, and telemetry sends none of it.
      measured('pages', `GET ${url}`, (traceparent) =>
        fetch(address, {
          headers: defined({ authorization: `Bearer ${accessToken}`, accept: 'application/json', traceparent }),
          // A redirect would carry the token to another server.
          redirect: 'manual',
          signal,
        }),
      ),
    )
    await throwUnlessOk(response)
    return pagesOf(await readText(response))
  }

  return {
    async search(wanted, accessToken, signal) {
      const startedAt = performance.now()
      const deadline = startDeadline(timeout, signal)
      try {
        const pages = await untilAborted(ask(wanted, accessToken, deadline.signal), deadline.signal)
        return { kind: 'pages', pages }
      } catch (error) {
        if (error instanceof HttpError && error.status === 401) return { kind: 'unauthorized' }
        if (error instanceof HttpError && error.status === 403) return { kind: 'forbidden' }
        const isLate = deadline.signal.aborted && !signal.aborted
        return {
          kind: 'failure',
          code: isLate || isTimeout(error) ? 'timeout' : 'upstream_error',
          detail: isLate ? 'no answer in time' : describe(error, malformed),
          durationMs: Math.round(performance.now() - startedAt),
          ...defined({
            permanent: isRefusal(error) || undefined,
            retryAfter: secondsToWait(error) || undefined,
          }),
        }
      } finally {
        deadline.end()
      }
    },
  }
}

/** Returns the pages that can be read, whatever else the list holds. Throws `MalformedAnswer` if it holds none. */
function pagesOf(text: string): readonly PrivatePage[] {
  const answer = jsonOf(text)
  const found = isObject(answer) ? answer.pages : undefined
  if (!Array.isArray(found)) throw new MalformedAnswer('no list of pages')
  const pages = found.flatMap((item) => pageOf(item) ?? []).slice(0, mostPages)
  if (pages.length === 0 && found.length > 0) throw new MalformedAnswer('no page among them')
  return pages
}

function pageOf(item: unknown): PrivatePage | null {
  if (!isObject(item)) return null
  const { title, url, excerpt } = item
  if (typeof title !== 'string' || typeof excerpt !== 'string' || typeof url !== 'string') return null
  // Clients show it as a link.
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '') || url.length > longest.url) return null
  return { title: title.slice(0, longest.title), url, excerpt: excerpt.slice(0, longest.excerpt) }
}
