import { eventStreamType, namesType, preferredType } from './accept.ts'

/** The types that a browser, or a program that reads web pages, accepts before anything else. */
const readable = ['text/html', 'text/markdown', 'text/plain']

/**
 * Redirects a user who opens the address of the MCP server like a web page to the documentation. Returns `undefined` for
 * every other request, which gets the challenge. Clients probe by GET without a token, too, and a redirect would hide the
 * challenge from them. So the request must prefer a page over anything else, and show no sign of an MCP client, of
 * credentials or of a script. The redirect can therefore leak no credentials (D-25).
 */
export function redirectToDocumentation(request: Request, documentationUrl: string): Response | undefined {
  const { headers, method } = request
  if (method !== 'GET' && method !== 'HEAD') return undefined
  if (!readable.includes(preferredType(headers) ?? '') || namesType(headers, eventStreamType)) return undefined
  if (['authorization', 'origin', 'mcp-protocol-version', 'mcp-session-id'].some((name) => headers.has(name))) {
    return undefined
  }
  // Browsers say how a request came about. A script of a page is not a user who reads.
  if ((headers.get('sec-fetch-mode') ?? 'navigate') !== 'navigate') return undefined
  return new Response(null, {
    status: 302,
    headers: { Location: documentationUrl, Vary: 'Accept, Authorization, Origin, Sec-Fetch-Mode' },
  })
}
