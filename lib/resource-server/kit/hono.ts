import type { AuthInfo, ResourceServer } from './resource-server.ts'
import { checkRequest, withCors } from './web.ts'

/** What is used of Hono's context. */
interface Context {
  readonly req: { raw: Request }
  res: Response
  set(name: 'auth', value: AuthInfo): void
  set(name: 'parsedBody', value: unknown): void
}
export type HonoMiddleware = (context: Context, next: () => Promise<void>) => Promise<Response | undefined>

/**
 * Makes the middleware of a resource server for Hono.
 *
 * - `metadata` answers requests for the metadata: `app.use(metadata)`.
 * - `protect` lets only requests with a good token pass: `app.all('/mcp', protect, handler)`. The handler finds `auth` and, if the body has
 *   been read, `parsedBody` in the context.
 */
export function forHono(server: ResourceServer): {
  readonly metadata: HonoMiddleware
  readonly protect: HonoMiddleware
} {
  return {
    async metadata({ req: { raw } }, next) {
      const found = server.metadataResponse(raw.method, new URL(raw.url).pathname)
      if (found !== null) return withCors(server, raw, found)
      await next()
      return undefined
    },
    async protect(context, next) {
      const { raw } = context.req
      if (raw.method === 'OPTIONS') return withCors(server, raw, server.preflight())
      const checked = await checkRequest(server, raw)
      if (checked instanceof Response) return withCors(server, raw, checked)
      context.set('auth', checked.authInfo)
      if (checked.body !== undefined) {
        context.req.raw = new Request(raw, { body: checked.body })
        context.set('parsedBody', checked.parsedBody ?? null)
      }
      await next()
      const answered = context.res
      // Hono joins the headers of an answer that it replaces.
      context.res = withCors(server, raw, answered)
      return undefined
    },
  }
}
