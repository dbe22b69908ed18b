import { withDeadline } from '../base/deadline.ts'
import { composeAuthorizationServer } from '../service/authorization-server.ts'
import { callOf, serveWith } from './serve.ts'

/** Milliseconds for a whole request. Clients give up after ten seconds (T-25). */
const deadline = 8000

/** The `oauth` function. */
export const serveOAuth = serveWith(
  composeAuthorizationServer,
  (server, request, context) => withDeadline(deadline, (signal) => server.fetch(request, callOf(context, signal))),
  { atAccountHost: true },
)
