import { withDeadline } from '../base/deadline.ts'
import { composeAuthorizationServer } from '../service/authorization-server.ts'
import { readSignInConfiguration, type SignInConfiguration } from '../settings/sign-in-configuration.ts'
import { callOf, type SettingsSource, serveWith } from './serve.ts'

/** Milliseconds for a whole request. Clients give up after ten seconds (T-25). */
const deadline = 8000

/** The sign-in needs its own settings. The others are loaded after the first answer, for the report of what is wrong. */
const settings: SettingsSource<SignInConfiguration> = {
  read: readSignInConfiguration,
  review: async (...of) => (await import('../settings/all.ts')).reviewSettings(...of),
}

/** The `oauth` function. */
export const serveOAuth = serveWith(
  settings,
  composeAuthorizationServer,
  (server, request, context) => withDeadline(deadline, (signal) => server.fetch(request, callOf(context, signal))),
  { atAccountHost: true },
)
