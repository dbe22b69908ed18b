import { isAppScheme } from './app-schemes.ts'

/** Which redirect URIs are acceptable at all, before asking whose they are (A-06). */
export interface RedirectPolicy {
  /**
   * Private-use URIs (RFC 8252 §7.1) that are accepted whatever the rule for their scheme says: exact ones, and templates
   * that end in `/*`, which stands for one last segment of letters, digits, `_` and `-`.
   */
  readonly privateUseUris: readonly string[]
  /** Private-use URIs have to be among those. Absent: every app may use a scheme of its own. */
  readonly listedSchemesOnly?: boolean
  /**
   * Hosts at which we answer ourselves, which is no place to send a code to: whatever is served there could read it. One
   * without a port means every port. Absent: none.
   */
  readonly ownHosts?: ReadonlySet<string>
  /** Redirect URIs of clients that the operator configured, which may be on those hosts all the same. */
  readonly configuredUris?: ReadonlySet<string>
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
  readonly reason: 'length' | 'characters' | 'fragment' | 'query' | 'scheme' | 'host' | 'own host' | 'spelling'
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
 * Checks one redirect URI by its raw string and as a browser reads it (A-06). It has to be spelled exactly as `URL` would
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
  if (url.protocol === 'https:' || url.protocol === 'http:') return parseWebUri(raw, url, policy)
  const scheme = url.protocol.slice(0, -1)
  const reason = isListed(raw, policy)
    ? neverRedirectedTo.has(scheme)
      ? 'scheme'
      : null
    : refusalOfApp(raw, url, policy)
  return reason === null ? { kind: 'private-use', uri: raw, host: scheme } : refused(reason)
}

/** Whether the operator lists this private-use URI (`MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS`). */
function isListed(raw: string, { privateUseUris }: RedirectPolicy): boolean {
  return privateUseUris.some((entry) => {
    if (!entry.endsWith('/*')) return entry === raw
    const prefix = entry.slice(0, -1)
    return raw.startsWith(prefix) && /^[A-Za-z0-9_-]+$/.test(raw.slice(prefix.length))
  })
}

/**
 * Why a private-use URI is refused that nobody lists; `null`: it is acceptable. Apps have addresses that nobody can know
 * beforehand, so that a rule decides (RFC 8252 §7.1): `scheme://host/path`, or `scheme:/path` where the scheme is a reversed
 * domain name; a scheme that means nothing else; and nothing in it that an app could take for an order of its own.
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

/** What these make of such a link is not an extension's to answer: it opens a file, or a machine. */
const editors = new Set(['vscode', 'vscode-insiders', 'vscodium', 'cursor', 'windsurf', 'kiro', 'trae', 'antigravity'])
const editorsOwnHosts = new Set(['file', 'vscode-remote', 'remote', 'settings'])

/**
 * The registered redirect URI that the request names, or `null` (A-05). Byte for byte; only the port of the three loopback
 * hosts may differ (A-05). What matches is checked by today's policy, so that a registration does not outlive the one that
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

/** What an authorization response adds: a client that finds one of them twice might read the wrong one (A-15). */
const answerParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri']

const loopbackHosts = new Set(['127.0.0.1', '[::1]', 'localhost'])

function parseWebUri(raw: string, url: URL, policy: RedirectPolicy): RedirectUri | RedirectUriRefused {
  // A path may be left out. An empty userinfo (`https://@host/`) fails here too, since `URL` drops it.
  if (url.href !== raw && url.href !== `${raw}/`) return refused('spelling')
  if (url.username !== '' || url.password !== '') return refused('host')
  const { hostname, host } = url
  if (url.protocol === 'http:') {
    return loopbackHosts.has(hostname) ? { kind: 'loopback', uri: raw, host } : refused('host')
  }
  // No wildcards, empty labels or trailing dot; and 0.0.0.0 is whatever machine the browser runs on.
  const plain = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(hostname) || /^\[[0-9a-f:]+\]$/.test(hostname)
  if (!plain || hostname === '0.0.0.0' || hostname === '[::]') return refused('host')
  const { ownHosts, configuredUris } = policy
  const own = (ownHosts?.has(host) || ownHosts?.has(hostname)) && !configuredUris?.has(raw)
  return own ? refused('own host') : { kind: 'https', uri: raw, host }
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
