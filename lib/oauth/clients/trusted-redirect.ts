import { isHost } from './host.ts'

/**
 * Whether the operator trusts an https redirect URI (`MCP_OAUTH_TRUSTED_HOSTS`). An entry is one of:
 * - a host, with its port if it has one, for every URI there;
 * - a host and a path, for exactly that path, or for all paths below if it ends in a slash;
 * - a whole URI of a configured client, for exactly that string.
 *
 * A URI that an entry with a path matches must have no query. A large site may have a page that redirects to the URL in its
 * query, and a client that registers that page would get the code.
 *
 * @param uri of a `ValidatedRedirect`: spelled as `URL` writes it, without dot segments or fragment
 */
export function isTrustedRedirect(uri: string, entries: ReadonlySet<string>): boolean {
  const { host, pathname, search } = new URL(uri)
  if (entries.has(uri) || entries.has(host)) return true
  if (search !== '' || uri.endsWith('?')) return false
  if (entries.has(host + pathname)) return true
  if (climbing.test(pathname)) return false
  return [...entries].some((entry) => entry.endsWith('/') && `${host}${pathname}`.startsWith(entry))
}

/** Parts of a path that some servers decode or drop, so that the path could lead out of the trusted folder. */
const climbing = /%2f|%5c|%2e|;|\/\//i

/** Whether an entry of the setting is a host, or a host and a path. */
export function isTrustedEntry(entry: string): boolean {
  const slash = entry.indexOf('/')
  if (slash < 0) return isHost(entry)
  const url = URL.parse(`https://${entry}`)
  return isHost(entry.slice(0, slash)) && url?.href === `https://${entry}` && url.search === '' && url.hash === ''
}

/**
 * Whether the host of an entry can have one owner. `com` cannot, and neither can a domain below which anyone can get a name. The
 * short lists are kept by hand. They only catch mistakes, since an entry stands for exactly its host.
 */
export function hasOneOwner(entry: string): boolean {
  const [, name = ''] = /^(\[.*\]|[^/:]*)/.exec(entry) ?? []
  if (name === 'localhost' || name.startsWith('[')) return true
  return name.includes('.') && !publicSuffix.test(name) && !sharedHosts.has(name)
}

/** Such as `co.uk`. */
const publicSuffix = /^(?:ac|co|com|edu|gob|gouv|gov|go|gv|id|info|mil|ne|net|nom|or|org|sch)\.[a-z]{2}$/

/** Hosts below which anyone can get a name. */
const sharedHosts = new Set(
  `netlify.app vercel.app pages.dev workers.dev github.io gitlab.io web.app firebaseapp.com herokuapp.com onrender.com
  fly.dev deno.dev railway.app surge.sh azurewebsites.net azurestaticapps.net cloudapp.net cloudfront.net amazonaws.com
  elasticbeanstalk.com amplifyapp.com appspot.com run.app a.run.app blogspot.com repl.co replit.app glitch.me ngrok.io
  ngrok.app ngrok-free.app ngrok-free.dev trycloudflare.com loca.lt nip.io sslip.io`.split(/\s+/),
)
