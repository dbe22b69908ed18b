/** Which redirect URIs are acceptable at all, before asking whose they are (A-06; X2). */
export interface RedirectPolicy {
  /** Exact private-use URIs (RFC 8252 §7.1), never whole schemes: whoever opens a scheme is anybody's guess. */
  readonly privateUseUris: readonly string[]
}

/** Cursor registers this one together with two others, and fails altogether when it is refused. */
export const defaultPrivateUseUris: readonly string[] = ['cursor://anysphere.cursor-mcp/oauth/callback']

export type RedirectKind = 'https' | 'loopback' | 'private-use'

/** A redirect URI that a browser may be sent to, if a client has registered it. */
export interface RedirectUri {
  readonly kind: RedirectKind
  readonly uri: string
  /** For people: the host with its port; of a private-use URI the scheme. */
  readonly host: string
}

export interface RedirectUriRefused {
  readonly kind: 'refused'
  readonly reason: 'length' | 'characters' | 'fragment' | 'query' | 'scheme' | 'host' | 'spelling'
}

/**
 * A redirect URI that belongs to the client of this request. Only `matchRedirectUri` makes one; whatever redirects takes
 * this and nothing less.
 */
export type { ValidatedRedirect }

class ValidatedRedirect implements RedirectUri {
  /** Makes the type nominal: an object that merely looks like one, or a changed copy, does not fit. */
  protected readonly validated = true
  readonly kind: RedirectKind
  readonly uri: string
  readonly host: string

  constructor({ kind, uri, host }: RedirectUri) {
    this.kind = kind
    this.uri = uri
    this.host = host
  }
}

/**
 * Checks one redirect URI by its raw string and as a browser reads it. It has to be spelled exactly as `URL` would
 * write it: no dot segments, no upper-case host, no default port, no curious IP address, nothing that a browser would
 * quietly repair into something else.
 */
export function parseRedirectUri(raw: string, policy: RedirectPolicy): RedirectUri | RedirectUriRefused {
  if (raw.length > 512) return refused('length')
  // OAuth 2.1 §2.3.1: no fragment, not even an empty one, which `URL` does not show.
  if (raw.includes('#')) return refused('fragment')
  // RFC 3986 §2. Above all no white space, control characters or backslashes, which browsers drop or turn around.
  if (!/^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/.test(raw)) return refused('characters')
  const url = URL.parse(raw)
  if (url === null) return refused('spelling')
  if (answerParameters.some((name) => url.searchParams.has(name))) return refused('query')
  if (url.protocol === 'https:' || url.protocol === 'http:') return parseWebUri(raw, url)
  const scheme = url.protocol.slice(0, -1)
  const allowed = policy.privateUseUris.includes(raw) && !neverRedirectedTo.has(scheme)
  return allowed ? { kind: 'private-use', uri: raw, host: scheme } : refused('scheme')
}

/**
 * The registered redirect URI that the request names, or `null`. Byte for byte; only the port of the three loopback
 * hosts may differ (X3). What matches is checked by today's policy, so that a registration does not outlive the one that
 * allowed it.
 *
 * @param requested absent: the only one registered, if that says where to go without help (OAuth 2.1 §2.3.2)
 */
export function matchRedirectUri(
  registered: readonly string[],
  requested: string | undefined,
  policy: RedirectPolicy,
): ValidatedRedirect | null {
  const wanted = parseRedirectUri(requested ?? onlyOne(registered) ?? '', policy)
  if (wanted.kind === 'refused') return null
  const match = registered.some(
    (uri) =>
      uri === wanted.uri ||
      (wanted.kind === 'loopback' &&
        anyPort(uri) === anyPort(wanted.uri) &&
        parseRedirectUri(uri, policy).kind === 'loopback'),
  )
  return match ? new ValidatedRedirect(wanted) : null
}

/** On the person's own machine, or run by the browser itself: not even when an operator lists them. */
const neverRedirectedTo = new Set([
  'javascript',
  'data',
  'vbscript',
  'file',
  'filesystem',
  'blob',
  'about',
  'view-source',
])

/** What an authorization response adds: a client that finds one of them twice might read the wrong one. */
const answerParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

const loopbackHosts = new Set(['127.0.0.1', '[::1]', 'localhost'])

function parseWebUri(raw: string, url: URL): RedirectUri | RedirectUriRefused {
  // A path may be left out. An empty userinfo (`https://@host/`) fails here too, since `URL` drops it.
  if (url.href !== raw && url.href !== `${raw}/`) return refused('spelling')
  if (url.username !== '' || url.password !== '') return refused('host')
  const { hostname, host } = url
  if (url.protocol === 'http:') {
    return loopbackHosts.has(hostname) ? { kind: 'loopback', uri: raw, host } : refused('host')
  }
  // No wildcards, empty labels or trailing dot; and 0.0.0.0 is whatever machine the browser runs on.
  const plain = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(hostname) || /^\[[0-9a-f:]+\]$/.test(hostname)
  return plain && hostname !== '0.0.0.0' && hostname !== '[::]' ? { kind: 'https', uri: raw, host } : refused('host')
}

/** The raw string with the port cut out. */
function anyPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:\[::1\]|[a-z0-9.]+)):\d+/, '$1')
}

/** A loopback URI without a port says "some port": nobody listens there. */
function onlyOne(registered: readonly string[]): string | undefined {
  const [only, ...others] = registered
  if (only === undefined || others.length > 0) return undefined
  return only.startsWith('http://') && anyPort(only) === only ? undefined : only
}

function refused(reason: RedirectUriRefused['reason']): RedirectUriRefused {
  return { kind: 'refused', reason }
}
