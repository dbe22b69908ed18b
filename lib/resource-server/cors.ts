/**
 * Browser clients that are known to call MCP servers directly. Other web pages are refused until the operator lists them
 * (S-10).
 */
const knownWebClients = [
  'https://claude.ai',
  'https://claude.com',
  'https://chatgpt.com',
  'https://chat.openai.com',
  'https://vscode.dev',
  'https://insiders.vscode.dev',
  'https://github.dev',
  'https://playground.ai.cloudflare.com',
]

/** The entry of `allowedOrigins` that allows every page loaded over TLS. */
const anyHttpsOrigin = 'https://*'

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/**
 * Decides whether an `Origin` header is allowed (S-10; MCP transports, "Security"). Allowed are: no header (not a browser),
 * our own origin, the known web clients, the origins that the operator lists, and pages on the user's own machine (the
 * Inspector). `null`, an opaque origin, and every other page are foreign: on a developer's machine such a page could
 * otherwise reach a server that the network cannot reach, by DNS rebinding or by name. The rule does not apply to a request
 * with a good token, which no browser sends on its own.
 *
 * `allowedOrigins` are origins in lower case, or `https://*` for all pages loaded over TLS.
 */
export function createOriginRule(
  issuer: string,
  allowedOrigins: readonly string[],
): (origin: string | null) => boolean {
  const allowed = new Set([new URL(issuer).origin, ...knownWebClients, ...allowedOrigins])
  return (origin) => {
    if (origin === null) return true
    if (allowed.has(origin.toLowerCase())) return true
    const url = URL.parse(origin)
    if (url === null) return false
    if (url.protocol === 'https:' && allowed.has(anyHttpsOrigin)) return true
    return (url.protocol === 'http:' || url.protocol === 'https:') && loopbackHosts.includes(url.hostname)
  }
}

/**
 * The headers of every answer, refusals included: a browser client that cannot read the 401 cannot sign in (S-23, B8-10).
 * `*` is safe: a browser does not send a bearer token on its own, so a page gains nothing by asking.
 */
const commonHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Cache-Control': 'no-store',
}

const exposedHeaders = ['WWW-Authenticate', 'MCP-Protocol-Version', 'Retry-After']

export const allowedMethods = 'POST, OPTIONS'

/** The answer to a CORS preflight. `*` covers headers that carry no credentials; Authorization must be named. */
export function preflightResponse(methods = allowedMethods): Response {
  return new Response(null, {
    status: 204,
    headers: {
      Allow: methods,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers':
        'Authorization, DPoP, Content-Type, Accept, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID, *',
      'Access-Control-Max-Age': '86400',
    },
  })
}

/**
 * Adds the headers that every answer carries, and removes the body of the answer to a HEAD request.
 *
 * @param exposed more headers that scripts of web pages may read
 */
export function withCommonHeaders(request: Request, response: Response, exposed: readonly string[]): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(commonHeaders)) headers.set(name, value)
  headers.set('Access-Control-Expose-Headers', [...exposedHeaders, ...exposed].join(', '))
  const body = request.method === 'HEAD' ? null : response.body
  return new Response(body, { status: response.status, headers })
}
