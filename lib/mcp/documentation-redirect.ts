import { eventStreamType, namesType, preferredType } from './accept.ts'

/** What a person's browser, or a program that reads pages for somebody, asks for before anything else. */
const readable = ['text/html', 'text/markdown', 'text/plain']

/**
 * The way to the documentation for somebody who has opened the address of the MCP server like a page; `undefined`
 * for everything else, which is answered by the challenge (S-11). Clients probe by GET without a token too, and a
 * redirect would hide the challenge from them: so what is accepted before anything else has to be a page, and there must be no
 * sign of a client, of credentials or of a script. No credentials come along, so that none can go astray (D-25).
 */
export function redirectToDocumentation(request: Request, documentationUrl: string): Response | undefined {
  const { headers, method } = request
  if (method !== 'GET' && method !== 'HEAD') return undefined
  if (!readable.includes(preferredType(headers) ?? '') || namesType(headers, eventStreamType)) return undefined
  if (['authorization', 'origin', 'mcp-protocol-version', 'mcp-session-id'].some((name) => headers.has(name))) {
    return undefined
  }
  // Browsers say how a request came about; a script of a page is not somebody who reads.
  if ((headers.get('sec-fetch-mode') ?? 'navigate') !== 'navigate') return undefined
  return new Response(null, {
    status: 302,
    headers: { Location: documentationUrl, Vary: 'Accept, Authorization, Origin, Sec-Fetch-Mode' },
  })
}
