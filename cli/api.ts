import { isObject, parseJson } from '../lib/base/json.ts'
import { exits, Problem, TemporaryProblem } from './problem.ts'
import type { Site } from './sites.ts'
import { clean } from './text.ts'

export type Json = Readonly<Record<string, unknown>>
export type Query = Readonly<Record<string, string | undefined>>

/** Speaks to `/admin/api` of one server. Every function throws `Problem`. */
export interface Api {
  readonly origin: string
  get(path: string, query?: Query): Promise<Json>
  post(path: string, body?: Json, query?: Query): Promise<Json>
  /** An answer that is read piece by piece. */
  stream(path: string, query?: Query): Promise<ReadableStream<Uint8Array>>
}

/** Where an API is, and what helps if it refuses. */
export interface ApiPlace {
  readonly path: string
  /** What to do about a wrong token. */
  readonly token: (origin: string) => string
  /** What is wrong if nothing is there. */
  readonly missing: (origin: string) => string
}

const adminPlace: ApiPlace = {
  path: '/admin/api',
  token: (origin) => `Make one with npm run -s secret, set it there, and run: npm run admin -- login --site ${origin}`,
  missing: (origin) => `There is no admin API at ${origin}. It is at the address of the issuer (MCP_OAUTH_ISSUER).`,
}

/** Milliseconds. The platform answers, or ends the request, within 60 seconds. */
const timeout = 65_000

export function createApi(site: Site, fetch: typeof globalThis.fetch, place: ApiPlace = adminPlace): Api {
  async function send(path: string, query: Query, init: RequestInit): Promise<Response> {
    const url = new URL(place.path + path, site.origin)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
    const headers = { ...init.headers, authorization: `Bearer ${site.token}` }
    const answer = await fetch(url, {
      ...init,
      headers,
      // A redirect would carry the token to another place.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    }).catch((error: unknown) => {
      throw unreachable(site.origin, error)
    })
    if (answer.ok) return answer
    throw await refused(site.origin, answer, place)
  }

  async function json(answer: Response): Promise<Json> {
    const value = parseJson(await answer.text().catch(() => ''))
    if (isObject(value)) return value
    throw new Problem(`${site.origin} answered something else than JSON: is it this service?`)
  }

  return {
    origin: site.origin,
    get: async (path, query = {}) => json(await send(path, query, {})),
    post: async (path, body = {}, query = {}) =>
      json(await send(path, query, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })), // biome-ignore format: one line
    async stream(path, query = {}) {
      const { body } = await send(path, query, {})
      if (body === null) throw new Problem(`${site.origin} answered nothing.`)
      return body
    },
  }
}

function unreachable(origin: string, error: unknown): Problem {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : 'unknown'
  return new TemporaryProblem(
    `${origin} cannot be reached (${clean(why)}). Is the address right, and is the service up?`,
  )
}

async function refused(origin: string, answer: Response, place: ApiPlace): Promise<Problem> {
  const { status, headers } = answer
  if (status >= 300 && status < 400) {
    const target = clean(headers.get('location') ?? 'nowhere')
    return new Problem(`${origin} redirects to ${target}. The token was not sent there: give --site the final address.`)
  }
  const body = parseJson(await answer.text().catch(() => ''))
  const { error, error_description } = isObject(body) ? body : {}
  const code = typeof error === 'string' ? clean(error) : ''
  const words = typeof error_description === 'string' ? clean(error_description) : ''
  const said = words === '' ? `status ${status}` : words
  if (status === 401) {
    return new Problem(`${origin} does not accept the token: ${said}.\n${place.token(origin)}`, exits.refused)
  }
  if (code === 'read_only') {
    return new Problem(
      `${origin} refuses: ${said}.\nLog in with a write token: npm run admin -- login --site ${origin}`,
      exits.refused,
    )
  }
  if (status === 403) return new Problem(`${origin} refuses: ${said}.`, exits.refused)
  if (status === 404 && words === '') {
    return new Problem(place.missing(origin))
  }
  if (status === 404) return new Problem(`Not found: ${said}.`, exits.notFound)
  if (status === 400) return new Problem(`${origin} does not understand this: ${said}.`, exits.usage)
  const wait = headers.get('retry-after')
  const later = wait !== null && /^\d{1,6}$/.test(wait) ? ` Try again in ${wait} seconds.` : ''
  if (status === 409) return new Problem(`${origin} refuses: ${said}.`)
  return new TemporaryProblem(`${origin} cannot do this now: ${said}.${later}`)
}
