import { OAuthError } from '../errors.ts'

/**
 * Checks the `resource` parameters of a request, and returns the canonical URL of the one resource that this server issues tokens
 * for (RFC 8707 §2; A-09). Throws `invalid_target` unless each value names that resource.
 *
 * The case of scheme and host, the default port, one slash at the end and a query do not matter (RFC 8707 §2.2). The bare origin
 * counts too, since it has only one protected resource.
 */
export function requireResource(requested: readonly string[], resource: string): string {
  for (const value of requested) {
    if (value === resource) continue
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
