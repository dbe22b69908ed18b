import { readBody } from '../../base/body.ts'
import type { Call } from '../../base/call.ts'
import { isObject, parseJson, utf8 } from '../../base/json.ts'
import type { Log } from '../../base/log.ts'
import { jsonResponse } from '../../base/well-formed.ts'
import { isOurFault } from '../../oauth/http/json-answers.ts'
import { type CallerOptions, createCallers } from './caller.ts'
import { badRequest, Refusal } from './refusal.ts'
import type { AdminApiRoute } from './route.ts'

/** The path of the admin API. */
export const adminApiPath = '/admin/api'

export interface AdminApiOptions {
  /** The path of the API. Default: `/admin/api`. */
  readonly at?: string
  readonly callers: CallerOptions
  readonly routes: readonly AdminApiRoute[]
  readonly log: Log
}

/** Answers `/admin/api` and everything below it with JSON: for programs, the command line, and admins in a browser. */
export interface AdminApi {
  fetch(request: Request, call: Call): Promise<Response>
}

export const isOfAdminApi = (pathname: string) => pathname === adminApiPath || pathname.startsWith(`${adminApiPath}/`)

export function createAdminApi({ at = adminApiPath, callers, routes, log }: AdminApiOptions): AdminApi {
  const callerOf = createCallers(callers)

  async function answer(request: Request, call: Call): Promise<object> {
    // This check comes first, so that a stranger does not learn which addresses exist.
    const caller = await callerOf(request, call)
    const url = new URL(request.url)
    const path = url.pathname.slice(at.length).replace(/\/$/, '')
    if (path === '' && request.method === 'GET') return indexOf(at, routes, caller.may)
    const here = routes.flatMap((route) => {
      const parts = matched(route.path, path)
      return parts ? [{ route, parts }] : []
    })
    const match = here.find(({ route }) => route.method === request.method)
    if (!match) throw here.length > 0 ? wrongMethod(here.map(({ route }) => route.method)) : unknownAddress(at)
    const { route, parts } = match
    if (route.changes && caller.may !== 'write') throw onlyReads
    if (route.recent && !caller.isRecent) throw notRecent
    checkQuery(url.searchParams, route.query ?? [])
    const body = route.method === 'POST' ? await readJson(request) : {}
    return route.answer({ ...call, caller, request, path: parts, query: url.searchParams, body })
  }

  return {
    async fetch(request, call) {
      try {
        const answered = await answer(request, call)
        if (!(answered instanceof Response)) return jsonResponse(answered, { headers: common })
        for (const [name, value] of Object.entries(common)) answered.headers.set(name, value)
        return answered
      } catch (error) {
        return refused(error, log, call)
      }
    },
  }
}

/** These headers keep a browser from caching an answer, framing it, and giving it to another site. */
const common = {
  'cache-control': 'private, no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const unknownAddress = (at: string) =>
  new Refusal(404, 'not_found', `there is nothing at this address: GET ${at} lists all`)
const onlyReads = new Refusal(403, 'read_only', 'this token only reads: a change needs MCP_ADMIN_WRITE_TOKEN')
const notRecent = new Refusal(
  403,
  'sign_in_again',
  'sign in again at /login: your last sign-in was more than 10 minutes ago',
)

const wrongMethod = (methods: readonly string[]) =>
  new Refusal(405, 'method_not_allowed', `this address takes ${methods.join(' or ')}`, { allow: methods.join(', ') })

function refused(error: unknown, log: Log, { requestId }: Call): Response {
  const answer = (status: number, code: string, words: string, headers: Readonly<Record<string, string>> = {}) =>
    jsonResponse(
      { error: code, error_description: words, request_id: requestId },
      { status, headers: { ...common, ...headers } },
    )
  if (error instanceof Refusal) return answer(error.status, error.code, error.message, error.headers)
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
  log('admin_api_failed', { reason })
  if (!isOurFault(error)) return answer(500, 'server_error', 'something went wrong here: the log says more')
  return answer(503, 'temporarily_unavailable', 'the store does not answer in time: try again', { 'retry-after': '5' })
}

/** Lists the addresses, so that the API explains itself. */
const indexOf = (at: string, routes: readonly AdminApiRoute[], may: string) => ({
  may,
  addresses: routes.map(({ method, path, about, query = [] }) => ({ method, path: at + path, about, query })),
})

/** Returns the named parts of a path, decoded, or `null` for another path. */
function matched(pattern: string, path: string): Record<string, string> | null {
  const [names, values] = [pattern.split('/'), path.split('/')]
  if (names.length !== values.length) return null
  const parts: Record<string, string> = {}
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? ''
    if (!name.startsWith(':')) {
      if (name !== value) return null
      continue
    }
    const decoded = decodedPart(value)
    if (!decoded) return null
    parts[name.slice(1)] = decoded
  }
  return parts
}

function decodedPart(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function checkQuery(query: URLSearchParams, allowed: readonly string[]): void {
  const known = allowed.length === 0 ? 'this address has no parameters' : `the parameters are ${allowed.join(', ')}`
  const names = [...query.keys()]
  if (names.some((name) => !allowed.includes(name))) throw badRequest(`there is an unknown parameter: ${known}`)
  if (new Set(names).size < names.length) throw badRequest('a parameter is repeated')
}

/** Bytes. */
const longestBody = 4_096

/**
 * Reads the body of a POST. Another site can send this content type only after a preflight (CORS), which this API never allows.
 */
async function readJson(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readBody(request.body, longestBody)
  if (bytes === null) throw new Refusal(413, 'too_large', 'the body is too long')
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new Refusal(415, 'not_json', 'the content type must be application/json')
  const body = parseJson(utf8(bytes) ?? '')
  if (!isObject(body)) throw badRequest('the body must be a JSON object; {} if there is nothing to say')
  return body
}
