import { isHost } from './host.ts'

/**
 * Whether the operator vouches for an https redirect URI (`MCP_OAUTH_TRUSTED_HOSTS`). An entry is a host, with its port
 * if it has one, for everything there; or a host and a path, for exactly that, or for all below if it ends in a slash; or
 * a whole URI, of a client that the operator configured, for that very string. With a path there must be no query: somewhere on a large site there is a page that passes on to wherever its query says, and
 * whoever registers that page would get the code.
 *
 * @param uri of a `ValidatedRedirect`: spelled as `URL` would write it, without dot segments or fragment
 */
export function isTrustedRedirect(uri: string, entries: ReadonlySet<string>): boolean {
  const { host, pathname, search } = new URL(uri)
  if (entries.has(uri) || entries.has(host)) return true
  if (search !== '' || uri.endsWith('?')) return false
  if (entries.has(host + pathname)) return true
  if (climbing.test(pathname)) return false
  return [...entries].some((entry) => entry.endsWith('/') && `${host}${pathname}`.startsWith(entry))
}

/** What some servers decode or drop before they look at the path: it could climb out of the folder that is vouched for. */
const climbing = /%2f|%5c|%2e|;|\/\//i

/** Whether an entry of the setting is of one of the two forms. */
export function isTrustedEntry(entry: string): boolean {
  const slash = entry.indexOf('/')
  if (slash < 0) return isHost(entry)
  const url = URL.parse(`https://${entry}`)
  return isHost(entry.slice(0, slash)) && url?.href === `https://${entry}` && url.search === '' && url.hash === ''
}

/**
 * Whether the host of an entry can be somebody's: not `com`, nor a name below which anybody gets one. A few of these, kept
 * by hand: an entry stands for exactly its host, so that this is about mistakes and not about whom one can trust.
 */
export function isSomebodys(entry: string): boolean {
  const [, name = ''] = /^(\[.*\]|[^/:]*)/.exec(entry) ?? []
  if (name === 'localhost' || name.startsWith('[')) return true
  return name.includes('.') && !countrysOwn.test(name) && !ofAnybody.has(name)
}

/** `co.uk` and its kind. */
const countrysOwn = /^(?:ac|co|com|edu|gob|gouv|gov|go|gv|id|info|mil|ne|net|nom|or|org|sch)\.[a-z]{2}$/

/** Where anybody may have a name of their own for the asking. */
const ofAnybody = new Set(
  `netlify.app vercel.app pages.dev workers.dev github.io gitlab.io web.app firebaseapp.com herokuapp.com onrender.com
  fly.dev deno.dev railway.app surge.sh azurewebsites.net azurestaticapps.net cloudapp.net cloudfront.net amazonaws.com
  elasticbeanstalk.com amplifyapp.com appspot.com run.app a.run.app blogspot.com repl.co replit.app glitch.me ngrok.io
  ngrok.app ngrok-free.app ngrok-free.dev trycloudflare.com loca.lt nip.io sslip.io`.split(/\s+/),
)
