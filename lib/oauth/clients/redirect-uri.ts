import { isAppScheme } from './app-schemes.ts'

/** Which redirect URIs are acceptable for any client (A-06). */
export interface RedirectPolicy {
  /**
   * Private-use URIs (RFC 8252 §7.1) that are accepted whatever the rule for their scheme says. An entry is an exact URI, or
   * ends in `/*` for one last segment of letters, digits, `_` and `-`.
   */
  readonly privateUseUris: readonly string[]
  /** Accepts only the private-use URIs of that list. If absent, every app may use a scheme of its own. */
  readonly listedSchemesOnly?: boolean
  /**
   * Hosts of this service itself. No code is sent there, since any page on them could read it. A host without a port stands
   * for every port. If absent, there are none.
   */
  readonly ownHosts?: ReadonlySet<string>
  /** Redirect URIs of configured clients. They may be on those hosts. */
  readonly configuredUris?: ReadonlySet<string>
}

/** Cursor registers this URI together with two others, and fails if it is refused. */
export const defaultPrivateUseUris: readonly string[] = ['cursor://anysphere.cursor-mcp/oauth/callback']

export type RedirectKind = 'https' | 'loopback' | 'private-use'

/** A redirect URI of an acceptable form. A browser may be sent there if the client has registered it. */
export interface RedirectUri {
  readonly kind: RedirectKind
  readonly uri: string
  /** For users: the host with its port, or the scheme of a private-use URI. */
  readonly host: string
}

export interface RedirectUriRefused {
  readonly kind: 'refused'
  readonly reason: 'length' | 'characters' | 'fragment' | 'query' | 'scheme' | 'host' | 'own host' | 'spelling'
}

/**
 * A redirect URI that the client of this request has registered. Only `matchRedirectUri` makes one, and code that redirects
 * accepts nothing else.
 */
export type { ValidatedRedirect }

class ValidatedRedirect implements RedirectUri {
  /** Makes the type nominal: another object of the same shape, or a changed copy, does not fit. */
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
 * Checks one redirect URI, both its raw string and how a browser reads it (A-06). It must be spelled exactly as `URL` writes
 * it: no dot segments, no upper-case host, no default port, no unusual IP address, nothing that a browser would silently
 * change into another URI.
 */
export function parseRedirectUri(raw: string, policy: RedirectPolicy): RedirectUri | RedirectUriRefused {
  if (raw.length > 512) return refused('length')
  // OAuth 2.1 §2.3.1 forbids a fragment. `URL` does not show an empty one.
  if (raw.includes('#')) return refused('fragment')
  // RFC 3986 §2. Browsers drop white space and control characters, and turn backslashes into slashes.
  if (!/^[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/.test(raw)) return refused('characters')
  const url = URL.parse(raw)
  if (url === null) return refused('spelling')
  if (answerParameters.some((name) => url.searchParams.has(name))) return refused('query')
  if (url.protocol === 'https:' || url.protocol === 'http:') return parseWebUri(raw, url, policy)
  const scheme = url.protocol.slice(0, -1)
  const reason = isListed(raw, policy)
    ? neverRedirectedTo.has(scheme)
      ? 'scheme'
      : null
    : refusalOfApp(raw, url, policy)
  return reason === null ? { kind: 'private-use', uri: raw, host: scheme } : refused(reason)
}

/** Whether the operator has listed this private-use URI (`MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS`). */
function isListed(raw: string, { privateUseUris }: RedirectPolicy): boolean {
  return privateUseUris.some((entry) => {
    if (!entry.endsWith('/*')) return entry === raw
    const prefix = entry.slice(0, -1)
    return raw.startsWith(prefix) && /^[A-Za-z0-9_-]+$/.test(raw.slice(prefix.length))
  })
}

/**
 * Returns why an unlisted private-use URI is refused, or `null` if it is acceptable. No list can name the addresses of all
 * apps, so a rule decides (RFC 8252 §7.1). The form is `scheme://host/path`, or `scheme:/path` if the scheme is a reversed
 * domain name. The scheme has no other meaning, and the URI contains nothing that an app could take for a command.
 */
function refusalOfApp(raw: string, url: URL, policy: RedirectPolicy): RedirectUriRefused['reason'] | null {
  const scheme = url.protocol.slice(0, -1)
  if (policy.listedSchemesOnly || !isAppScheme(scheme)) return 'scheme'
  if (url.href !== raw || raw.includes('*')) return 'spelling'
  if (raw.includes('?')) return 'query'
  if (raw.startsWith(`${scheme}://`) && url.host !== '') {
    const own =
      /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(url.host) && url.username === '' && url.password === ''
    return own && !(editors.has(scheme) && editorsOwnHosts.has(url.host.toLowerCase())) ? null : 'host'
  }
  const reversedDomain = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+$/.test(scheme)
  return reversedDomain && /^:\/(?:\/\/)?(?:[^/]|$)/.test(raw.slice(scheme.length)) ? null : 'scheme'
}

/** In these editors, links to these hosts open a file or a machine. They never reach an extension. */
const editors = new Set(['vscode', 'vscode-insiders', 'vscodium', 'cursor', 'windsurf', 'kiro', 'trae', 'antigravity'])
const editorsOwnHosts = new Set(['file', 'vscode-remote', 'remote', 'settings'])

/**
 * Returns the registered redirect URI that the request names, or `null`. They must match byte for byte, except for the port
 * of the three loopback hosts (A-05). The match must also pass the current policy, so that an old registration cannot use a
 * URI that is no longer allowed.
 *
 * @param requested if absent, the client's only redirect URI stands in, if it says where to go (OAuth 2.1 §2.3.2)
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

/** Schemes of the user's own machine, and schemes that the browser itself runs. Even the operator cannot list them. */
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

/** The parameters of an authorization response. A client that finds one of them twice might read the wrong one (A-15). */
const answerParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

const loopbackHosts = new Set(['127.0.0.1', '[::1]', 'localhost'])

function parseWebUri(raw: string, url: URL, policy: RedirectPolicy): RedirectUri | RedirectUriRefused {
  // The path may be left out. An empty userinfo (`https://@host/`) fails here too, since `URL` drops it.
  if (url.href !== raw && url.href !== `${raw}/`) return refused('spelling')
  if (url.username !== '' || url.password !== '') return refused('host')
  const { hostname, host } = url
  if (url.protocol === 'http:') {
    return loopbackHosts.has(hostname) ? { kind: 'loopback', uri: raw, host } : refused('host')
  }
  // No wildcards, empty labels or trailing dot. The address 0.0.0.0 is the machine on which the browser runs.
  const plain = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(hostname) || /^\[[0-9a-f:]+\]$/.test(hostname)
  if (!plain || hostname === '0.0.0.0' || hostname === '[::]') return refused('host')
  const { ownHosts, configuredUris } = policy
  const own = (ownHosts?.has(host) || ownHosts?.has(hostname)) && !configuredUris?.has(raw)
  return own ? refused('own host') : { kind: 'https', uri: raw, host }
}

/** Removes the port from a loopback URI. */
function anyPort(uri: string): string {
  return uri.replace(/^(http:\/\/(?:\[::1\]|[a-z0-9.]+)):\d+/, '$1')
}

/** Returns the only registered URI. A loopback URI without a port does not count: it names no port to go to. */
function onlyOne(registered: readonly string[]): string | undefined {
  const [only, ...others] = registered
  if (only === undefined || others.length > 0) return undefined
  return only.startsWith('http://') && anyPort(only) === only ? undefined : only
}

function refused(reason: RedirectUriRefused['reason']): RedirectUriRefused {
  return { kind: 'refused', reason }
}
