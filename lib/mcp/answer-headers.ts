import { withCommonHeaders } from '../resource-server/cors.ts'
import { rateLimitFields } from './rate-limit-headers.ts'

/** Names the server and its version, so that a client or a proxy that logs answers knows which release gave them. */
const serverField = 'X-MCP-Server'

const exposed = [...rateLimitFields, serverField]

/** Adds the headers of every answer of `/mcp`. */
export function withAnswerHeaders(
  request: Request,
  response: Response,
  { name, version }: { readonly name: string; readonly version: string },
): Response {
  const complete = withCommonHeaders(request, response, exposed)
  complete.headers.set(serverField, `${name}/${version}`)
  return complete
}
