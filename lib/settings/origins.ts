/** Every page on https. No other wildcard exists. */
const anyHttpsOrigin = 'https://*'

/** Schemes whose pages have no origin. */
const opaqueSchemes = ['about:', 'blob:', 'data:', 'file:', 'javascript:']

/**
 * Returns an origin in the spelling of browsers and apps: scheme and host in lower case, without the default port and a
 * trailing slash. Accepts every scheme, because apps load their pages from `tauri://localhost` or `vscode-webview://…`, and
 * `https://*`. `null` for everything else: a path, a query, a user name, another wildcard.
 */
export function originOf(text: string): string | null {
  if (text.toLowerCase() === anyHttpsOrigin) return anyHttpsOrigin
  const [, scheme = '', host = ''] = /^([a-z][a-z\d+.-]*:)\/\/([^/?#@\\\s*]+)\/?$/i.exec(text) ?? []
  const url = URL.parse(`${scheme}//${host}`)
  if (scheme === '' || url === null || opaqueSchemes.includes(url.protocol)) return null
  return url.origin === 'null' ? `${url.protocol}//${url.host}`.toLowerCase() : url.origin
}
