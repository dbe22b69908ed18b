import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerMetadata, authenticateRequest, authOf, authorizeRequest } from './node.ts'
import type { ResourceServer } from './resource-server.ts'

/** What is used of Fastify's request and reply. */
interface FastifyRequest {
  readonly raw: IncomingMessage
  readonly body: unknown
}
interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): unknown
}

/** A hook of Fastify. A request that it has answered goes no further. */
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Makes the hooks of a resource server for Fastify.
 *
 * - `metadata` answers requests for the metadata. It is for the whole application: `app.addHook('onRequest', metadata)`.
 * - `protect` lets only requests with a good token pass: `app.all('/mcp', protect, handler)`. The handler gives `request.raw`, which has
 *   `auth`, and `request.body` to the transport.
 */
export function forFastify(server: ResourceServer): {
  readonly metadata: FastifyHook
  readonly protect: { readonly onRequest: FastifyHook; readonly preHandler: FastifyHook }
} {
  return {
    async metadata({ raw }, reply) {
      if (await answerMetadata(server, raw, reply.raw)) reply.hijack()
    },
    protect: {
      // The challenge comes before the body is read.
      async onRequest({ raw }, reply) {
        if ((await authenticateRequest(server, raw, reply.raw)) === null) reply.hijack()
      },
      async preHandler({ raw, body }, reply) {
        if ((await authorizeRequest(server, authOf(raw), raw, reply.raw, body ?? {})) === null) reply.hijack()
      },
    },
  }
}

export { authOf }
