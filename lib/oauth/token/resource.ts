import { OAuthError } from '../errors.ts'

/**
 * The one resource this server issues tokens for (RFC 8707 §2; A-09). Absent: ours. Each value given has to name
 * it; scheme and host in any case, the default port, one trailing slash and a query, of which this resource has
 * none (RFC 8707 §2.2), do not matter, nor does the bare origin, since there is one protected resource on it. Returns our
 * own canonical string, which is the one that tokens name. Throws `invalid_target`.
 */
export function requireResource(requested: readonly string[], resource: string): string {
  for (const value of requested) {
    const canonical = canonicalUri(value)
    if (canonical !== canonicalUri(resource) && canonical !== new URL(resource).origin) {
      throw new OAuthError('invalid_target', 'resource must be the URL of this MCP server')
    }
  }
  return resource
}

function canonicalUri(value: string): string | null {
  // RFC 8707 §2: an absolute URI without a fragment. A text that `URL` would have to repair is not accepted.
  const [, path] = /^[a-z]+:\/\/[^/?#@\\\s]+([^?#]*)(?:\?[^#]*)?$/i.exec(value) ?? []
  const url = URL.parse(value)
  if (path === undefined || (path || '/') !== url?.pathname) return null
  return `${url.origin}${path.replace(/\/$/, '')}`
}
