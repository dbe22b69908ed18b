import type { Config, Context } from '@netlify/functions'
import { serveAccount } from '../../lib/netlify/serve-account.ts'

/** The pages of a signed-in person: what is connected as them, and for admins who uses the service. Apart from sign-in, which it must not slow down. */
export default (request: Request, context: Context): Promise<Response> => serveAccount(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/flows/manifest.test.ts checks the result.
// No rate limit: Netlify's free plan takes two rules, which `oauth` and `mcp` need more. Everything here needs a session or
// a signature, and `oauth` counts the sign-ins that begin a session.
export const config: Config = {
  path: [
    '/account',
    '/account/*',
    '/session',
    '/logout',
    '/admin',
    '/admin/*',
    '/oauth/backchannel-logout',
    '/oauth/backchannel-logout/:name',
    '/oauth/global-token-revocation',
  ],
  preferStatic: false,
}
