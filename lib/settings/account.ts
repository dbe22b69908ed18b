import { type AdminEntry, isOfProvider } from '../account/admins.ts'
import type { HostSettings } from './hosts.ts'
import type { SettingsReader } from './reader.ts'
import { signInRows } from './rows/sign-in.ts'
import type { Site } from './site.ts'

/** The account and admin pages, and the sessions of browsers there. */
export interface AccountSettings {
  /** The one origin of these pages: the issuer, or `MCP_ACCOUNT_ORIGIN`. */
  readonly origin: string
  readonly admins: readonly AdminEntry[]
  /** Origins of other pages that may ask who is signed in. */
  readonly sessionOrigins: readonly string[]
}

/**
 * Reads where the account pages are. `null`: nowhere, because the issuer's host may serve other pages, and a script of
 * another page of the same origin could act as the person (N13).
 */
export function readAccount(
  settings: SettingsReader,
  site: Site,
  { accountOrigin, proxyHosts }: HostSettings,
): AccountSettings | null {
  const ownHost = settings.read('MCP_OAUTH_OWN_HOST')
  const admins = settings.read('MCP_ADMINS') ?? []
  const sessionOrigins = settings.read('MCP_SESSION_ORIGINS') ?? []
  if (accountOrigin !== undefined) checkOrigin(settings, accountOrigin, site, proxyHosts)
  const provider = settings.text('UPSTREAM_ISSUER') ?? signInRows.UPSTREAM_ISSUER.ofRedpanda
  // With several providers, `providers.ts` finds the one of each entry.
  if (settings.text('MCP_PROVIDERS') === undefined && admins.some((entry) => !isOfProvider(entry, provider))) {
    settings.complain('MCP_ADMINS', ': the issuer before an entry must be that of the OpenID Provider')
  }
  const origin = originOf(site, accountOrigin, ownHost)
  if (origin === null) return null
  if (!site.preview && !sessionOrigins.every((one) => mayBeSameSite(one, origin))) {
    settings.complain(
      'MCP_SESSION_ORIGINS',
      ': every value must be on the domain of the account pages, with its scheme',
    )
  }
  return { origin, admins, sessionOrigins }
}

function originOf(site: Site, accountOrigin: string | undefined, ownHost: boolean): string | null {
  if (accountOrigin === undefined) return ownHost ? site.issuer : null
  // The issuer's host belongs to a documentation site, and so does a preview of that site.
  return site.preview ? null : accountOrigin
}

function checkOrigin(settings: SettingsReader, origin: string, { issuer }: Site, proxyHosts: readonly string[]): void {
  const { protocol, host } = new URL(origin)
  if (origin === issuer) {
    settings.complain('MCP_ACCOUNT_ORIGIN', ' must differ from the issuer: use MCP_OAUTH_OWN_HOST=true instead')
  }
  if (proxyHosts.includes(host)) {
    settings.complain('MCP_ACCOUNT_ORIGIN', ' must not be one of MCP_OAUTH_PROXY_HOSTS, which serve other pages')
  }
  if (URL.parse(issuer)?.protocol !== protocol) {
    settings.complain('MCP_ACCOUNT_ORIGIN', ' must have the scheme of the issuer')
  }
}

/**
 * Whether browsers may count two origins as one site, and send the cookie. They compare the registrable domain, which has at
 * least two labels. Where it has more, the browser says so at each request.
 */
function mayBeSameSite(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)]
  const domain = ({ hostname }: URL) => hostname.split('.').slice(-2).join('.')
  return a.protocol === b.protocol && domain(a) === domain(b)
}
