import { withDeadline } from '../base/deadline.ts'
import { composeAuthorizationServer } from '../service/authorization-server.ts'
import { log } from '../service/log.ts'
import { serveWith } from './serve.ts'

/** Milliseconds for a whole request. Clients give up after ten seconds (T-25). */
const deadline = 8000

/** The `oauth` function. */
export const serveOAuth = serveWith(composeAuthorizationServer, (server, request, context) =>
  withDeadline(deadline, (signal) =>
    server.fetch(request, {
      signal,
      requestId: context.requestId,
      // As the platform reports it. Headers of the caller decide nothing.
      address: context.ip,
      waitUntil: (work) => context.waitUntil(work.catch((error) => log('background_failed', { error: String(error) }))),
    }),
  ),
)
