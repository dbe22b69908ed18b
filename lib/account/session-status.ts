import { jsonResponse } from '../base/well-formed.ts'
import { accountPaths, loginPath } from '../oauth/capabilities.ts'
import { isOurFault } from '../oauth/http/json-answers.ts'
import { liveSession, type OpenRoute, type RouterOptions, type SessionReader } from './router.ts'

/**
 * `GET /session`: tells a page who is signed in, for example a documentation page that greets the person. Only pages of this
 * origin and of `sessionOrigins` can read the answer (N17). It never tells `sub`, which tokens and logs use.
 */
export function sessionRoute({
  origin,
  sessionOrigins,
  ...live
}: Pick<RouterOptions, 'origin'> & SessionReader & { readonly sessionOrigins: readonly string[] }): OpenRoute {
  const urls = { login: origin + loginPath, account: origin + accountPaths.account }

  async function status(request: Request, signal: AbortSignal) {
    const session = await liveSession(live, request, signal)
    if (session === null || session === 'forgetting') return { signed_in: false, ...urls }
    const { email, emailVerified, organizationName } = session.person
    return {
      signed_in: true,
      email,
      email_verified: emailVerified,
      organization: organizationName,
      expires_at: new Date(session.expiresAt * 1000).toISOString(),
      ...urls,
    }
  }

  return {
    path: accountPaths.session,
    methods: {
      async GET(request, { signal }) {
        const reader = readerOf(request, origin, sessionOrigins)
        if (reader === null) return jsonResponse({ error: 'not_allowed' }, { status: 403, headers: common })
        const headers = reader === origin ? common : { ...common, ...readableBy(reader) }
        try {
          return jsonResponse(await status(request, signal), { headers })
        } catch (error) {
          if (!isOurFault(error)) throw error
          return jsonResponse(
            { error: 'temporarily_unavailable' },
            { status: 503, headers: { ...headers, 'retry-after': '5' } },
          )
        }
      },
    },
  }
}

const common = {
  'cache-control': 'private, no-store',
  vary: 'Origin',
  // A page that embeds the answer without CORS learns nothing, not even whether it exists.
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

const readableBy = (origin: string) => ({
  'access-control-allow-origin': origin,
  'access-control-allow-credentials': 'true',
})

/**
 * Returns the origin of the page that may read the answer, or `null`. Browsers name the origin of a request that crosses
 * origins, and say whether it crosses sites. They omit it for their own origin, and for an address that a person types.
 */
function readerOf({ headers }: Request, own: string, others: readonly string[]): string | null {
  const from = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (from === null || from === own) return site === null || site === 'same-origin' || site === 'none' ? own : null
  return others.includes(from) && (site === null || site === 'same-site') ? from : null
}
