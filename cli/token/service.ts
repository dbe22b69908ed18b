import { isObject, parseJson } from '../../lib/base/json.ts'
import type { Json } from '../api.ts'
import { exits, Problem, TemporaryProblem } from '../problem.ts'
import { clean } from '../text.ts'

/** The server that a token is for, as its own metadata describes it. */
export interface Service {
  readonly issuer: string
  /** The URL of `/mcp`, which every token names as its audience. */
  readonly resource: string
  readonly tokenEndpoint: string
  readonly authorizationEndpoint: string | undefined
  readonly registrationEndpoint: string | undefined
  /** Whether an answer to a sign-in names the issuer (RFC 9207). */
  readonly namesIssuer: boolean
  readonly grantTypes: readonly string[]
}

export interface Token {
  readonly access_token: string
  readonly token_type: string
  /** Seconds. */
  readonly expires_in?: number
  readonly scope?: string
  readonly resource: string
}

/** Milliseconds. The platform answers, or ends the request, within 60 seconds. */
const timeout = 65_000

/**
 * Reads the metadata of a server. Everything must be at this origin: a secret, a code or an assertion goes to no other. Throws `Problem`.
 */
export async function discover(origin: string, fetch: typeof globalThis.fetch): Promise<Service> {
  const resource = await read(`${origin}/.well-known/oauth-protected-resource/mcp`, origin, fetch)
  const [issuer] = Array.isArray(resource.authorization_servers) ? resource.authorization_servers : []
  if (issuer !== origin || resource.resource !== `${origin}/mcp`) {
    throw new Problem(
      `${origin} names another server: ${textOf(issuer) ?? 'none'}. Give --site the address of the issuer.`,
    )
  }
  const metadata = await read(`${origin}/.well-known/oauth-authorization-server`, origin, fetch)
  const endpoint = (name: string): string | undefined => {
    const url = typeof metadata[name] === 'string' ? URL.parse(metadata[name]) : null
    // As a URL is written: the server's own text could hold characters that control a terminal.
    return url?.origin === origin ? url.href : undefined
  }
  const tokenEndpoint = endpoint('token_endpoint')
  if (metadata.issuer !== origin || tokenEndpoint === undefined) {
    throw new Problem(`The metadata of ${origin} is wrong. npm run doctor -- ${origin} says how.`)
  }
  return {
    issuer,
    resource: `${origin}/mcp`,
    tokenEndpoint,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    registrationEndpoint: endpoint('registration_endpoint'),
    namesIssuer: metadata.authorization_response_iss_parameter_supported === true,
    grantTypes: Array.isArray(metadata.grant_types_supported) ? metadata.grant_types_supported : [],
  }
}

async function read(url: string, origin: string, fetch: typeof globalThis.fetch): Promise<Json> {
  const answer = await send(url, {}, fetch)
  const value = answer.ok ? parseJson(await answer.text()) : undefined
  if (isObject(value)) return value
  throw new Problem(`${origin} is not this service, or is not its issuer: ${new URL(url).pathname} has no metadata.`)
}

/** Sends a request, and follows no redirect: it would carry secrets to another place. Throws `Problem`. */
export async function send(url: string, init: RequestInit, fetch: typeof globalThis.fetch): Promise<Response> {
  const { origin } = new URL(url)
  return fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeout) }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : 'unknown'
    throw new TemporaryProblem(
      `${origin} cannot be reached (${clean(why)}). Is the address right, and is the service up?`,
    )
  })
}

/** RFC 6750 §2.1. Nothing else goes to a terminal or into a header. */
const tokenForm = /^[A-Za-z0-9._~+/-]+=*$/

/** Asks the token endpoint. Throws `Problem`. */
export async function requestToken(
  { tokenEndpoint, resource }: Service,
  form: Readonly<Record<string, string | undefined>>,
  { fetch, authorization }: { readonly fetch: typeof globalThis.fetch; readonly authorization?: string | undefined },
): Promise<Token> {
  const body = new URLSearchParams({ resource })
  for (const [name, value] of Object.entries(form)) if (value !== undefined) body.set(name, value)
  const headers: HeadersInit = authorization === undefined ? {} : { authorization }
  const answer = await send(tokenEndpoint, { method: 'POST', body, headers }, fetch)
  const value = parseJson(await answer.text())
  const said = isObject(value) ? value : {}
  const { access_token, token_type, expires_in, scope } = said
  if (answer.ok && typeof access_token === 'string' && tokenForm.test(access_token)) {
    return {
      access_token,
      token_type: textOf(token_type) ?? 'Bearer',
      ...(typeof expires_in === 'number' && { expires_in }),
      ...(typeof scope === 'string' && { scope }),
      resource,
    }
  }
  throw refusal(answer.status, said, form.grant_type ?? '')
}

function refusal(status: number, { error, error_description }: Json, grantType: string): Problem {
  const code = textOf(error) ?? `status ${status}`
  const words = textOf(error_description)
  const said = words === undefined ? code : `${code}: ${words}`
  if (status === 429 || status >= 500) return new TemporaryProblem(`There is no token now (${said}). Try again later.`)
  const hint = hints[code === 'invalid_grant' && grantType === 'authorization_code' ? 'code' : code]
  return new Problem(`There is no token (${said}).${hint === undefined ? '' : ` ${hint}`}`, exits.refused)
}

/** What helps, by the error. The server tells no one why it refuses an assertion; its log does. */
const hints: Readonly<Record<string, string>> = {
  invalid_grant:
    'The log of the server says why: look for assertion_refused. docs/enterprise.md#why-was-an-assertion-refused explains each reason.',
  invalid_client: 'The server does not know this client, or not this secret or key.',
  unauthorized_client: 'The client must be a machine of MCP_MACHINES, with this way to authenticate.',
  unsupported_grant_type: 'MCP_MACHINES of the server names no machine of this kind.',
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? clean(value) : undefined)
