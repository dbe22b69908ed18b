import type { SettingsReader } from './reader.ts'

/** Every page that came over TLS; there is no other wildcard. */
const anyHttpsOrigin = 'https://*'

/** `MCP_ALLOWED_ORIGINS`. An entry that would never match is a mistake to be told (F-004-13); how it is spelled does not matter. */
export function readOrigins(settings: SettingsReader): readonly string[] {
  const entries = settings.list('MCP_ALLOWED_ORIGINS') ?? []
  const origins = entries.map((entry) => (entry.toLowerCase() === anyHttpsOrigin ? anyHttpsOrigin : originOf(entry)))
  if (origins.includes(null)) {
    settings.complain(
      'MCP_ALLOWED_ORIGINS must be a list of origins such as https://chat.example.com or tauri://localhost, without a path, or https://*',
    )
  }
  return origins.filter((origin) => origin !== null)
}

/** Schemes whose pages have no origin of their own. */
const opaqueSchemes = ['about:', 'blob:', 'data:', 'file:', 'javascript:']

/**
 * An origin as a browser or an app spells it: scheme and host in lower case, without the default port and a slash at the
 * end. Any scheme: apps load their pages from `tauri://localhost` or `vscode-webview://…`. `null`: it is none, has a path,
 * a query or a name and a password, or is a wildcard.
 */
export function originOf(text: string): string | null {
  const [, scheme = '', host = ''] = /^([a-z][a-z\d+.-]*:)\/\/([^/?#@\\\s*]+)\/?$/i.exec(text) ?? []
  const url = URL.parse(`${scheme}//${host}`)
  if (scheme === '' || url === null || opaqueSchemes.includes(url.protocol)) return null
  return url.origin === 'null' ? `${url.protocol}//${url.host}`.toLowerCase() : url.origin
}
