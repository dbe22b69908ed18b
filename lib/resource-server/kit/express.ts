import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerMetadata, authenticateRequest, authorizeRequest } from './node.ts'
import type { ResourceServer } from './resource-server.ts'

/** A middleware of Express, or of another framework with the same form. `body` is there if a parser has run before. */
export type ExpressMiddleware = (
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Makes the middleware of a resource server for Express.
 *
 * - `metadata` answers requests for the metadata. Use it for the whole application: `app.use(metadata)`.
 * - `protect` lets only requests with a good token pass, and sets `request.auth`: `app.all('/mcp', protect, handler)`. If tools need
 *   scopes, it also sets `request.body`, so that no parser is needed.
 */
export function forExpress(server: ResourceServer): {
  readonly metadata: ExpressMiddleware
  readonly protect: ExpressMiddleware
} {
  return {
    metadata(request, response, next) {
      answerMetadata(server, request, response).then((answered) => answered || next(), next)
    },
    protect(request, response, next) {
      const check = async () => {
        const auth = await authenticateRequest(server, request, response)
        const read = auth && (await authorizeRequest(server, auth, request, response, request.body))
        if (read === null) return
        if (read.parsedBody !== undefined) request.body = read.parsedBody
        next()
      }
      check().catch(next)
    },
  }
}

export { authOf } from './node.ts'
