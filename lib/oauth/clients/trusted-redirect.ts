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
