import { styleText } from 'node:util'
import type { Configuration } from '../../lib/settings/configuration.ts'
import { isLoopbackHttp } from '../../lib/settings/urls.ts'
import { localAdminEmail, type OwnPart } from './local-env.ts'
import { localUrl, portsFrom } from './ports.ts'

// `styleText` uses no colors if the output is not a terminal, or if NO_COLOR is set.
const bold = (text: string) => styleText('bold', text)
const dim = (text: string) => styleText('dim', text)
const link = (text: string) => styleText('cyan', text)

/** Returns a line of progress: what has started, and how many milliseconds it took. */
export function progressLine(part: string, milliseconds: number): string {
  const time = milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
  return `${styleText('green', '✓')} ${part} ${dim(time)}`
}

interface Summarized {
  readonly port: number
  readonly configuration: Configuration
  /** The folder that keeps the state. */
  readonly state: string
  /** The parts of the local world that the operator's own settings replace. */
  readonly ownParts: readonly OwnPart[]
  /** The hosts, beside the issuer's, at which the service answers. */
  readonly proxyHosts: readonly string[]
  /** The names of the operator's own settings that are in use, and of those that no code reads. */
  readonly ownSettings: readonly string[]
  readonly unknownSettings: readonly string[]
}

/** Returns what `npm start` prints at the end: what runs where, and how to use it. */
export function summary(world: Summarized): string {
  const { configuration, ownParts, ownSettings } = world
  const { issuer, resource: mcpUrl, signIn, tools } = configuration
  const ports = portsFrom(world.port)
  const name = 'local-docs'
  const vscode = JSON.stringify({ name, type: 'http', url: mcpUrl })
  const cursor = JSON.stringify({ mcpServers: { [name]: { url: mcpUrl } } })
  const rows = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([label, text]) => `  ${label.padEnd(18)}${text}`)
  // A path may be a secret, as in a webhook's URL.
  const yours = (url: string | undefined) => `${URL.parse(url ?? '')?.origin ?? 'none'} ${dim('from your settings')}`
  const provider =
    signIn?.provider.kind === 'oidc'
      ? yours(signIn.provider.issuer)
      : `none ${dim('every user is one made-up person (MCP_OAUTH_ALLOW_MOCK)')}`
  const local = `${link(localUrl(ports.provider))} ${dim('any email address; it remembers you, use a private window for another user')}`
  const kapa = `${link(localUrl(ports.kapa))} ${dim('answers from docs/ and README.md')}`
  const hub = `${link(localUrl(ports.hub))} ${dim('a few made-up API pages')}`
  const forms = `${link(`${localUrl(ports.forms)}/__mock/received`)} ${dim('which feedback it received')}`
  const crm = `${link(`${localUrl(ports.crm)}/__mock/received`)} ${dim('which users were reported')}`
  return [
    '',
    bold('The whole system is running on this machine.'),
    '',
    ...rows([
      ['MCP endpoint', bold(link(mcpUrl))],
      ['Sign-in service', `${link(`${issuer}/.well-known/oauth-authorization-server`)}`],
      ...accountRows(world),
      ['OpenID Provider', ownParts.includes('OpenID Provider') ? provider : local],
      ['Kapa', ownParts.includes('Kapa') ? yours(tools.kapa.url) : kapa],
      ['API reference', ownParts.includes('API reference') ? yours(tools.apiReference?.hubUrl) : hub],
      ['Feedback form', ownParts.includes('feedback form') ? yours(tools.feedback?.url) : forms],
      ...privatePagesRows(world),
      ['CRM', ownParts.includes('CRM') ? yours(signIn?.receivers.webhook?.url) : crm],
      ['Blobs emulator', `${link(localUrl(ports.edge))} ${dim(`and :${ports.uncached}, kept in ${world.state}/`)}`],
    ]),
    ...rows(ownSettings.length > 0 ? [['Your settings', ownSettings.join(', ')]] : []),
    ...warnings(world).map((warning) => `${styleText('yellow', '!')} ${warning}`),
    '',
    bold('Connect a client'),
    '',
    ...rows([
      ['Claude Code', `claude mcp add --transport http ${name} ${mcpUrl}`],
      ['VS Code', `code --add-mcp '${vscode}'`],
      ['Cursor', `${cursor} ${dim('in .cursor/mcp.json')}`],
      ['Inspector', `npx @modelcontextprotocol/inspector ${dim(`transport Streamable HTTP, URL ${mcpUrl}`)}`],
    ]),
    '',
    ...rows([
      ['See it work', 'npm run demo'],
      ['See who asks', `npm run admin -- companies ${dim('or the admin pages')}`],
      ['Delete the state', 'npm run reset'],
      ['Stop', 'Ctrl-C'],
    ]),
    '',
  ].join('\n')
}

/** The private pages of the local world, which the vault brings. */
function privatePagesRows({ configuration, ownSettings }: Summarized): readonly (readonly [string, string])[] {
  const { privatePages } = configuration.tools
  if (!privatePages || ownSettings.includes('MCP_PRIVATE_PAGES_URL')) return []
  const readers = 'each user finds what they may read; only the local admin reads the board'
  return [['Private pages', `tool ${privatePages.tool} ${dim(readers)}`]]
}

/** The pages for people who have signed in. The local admin is one only while the operator names no other. */
function accountRows({ configuration, ownParts, ownSettings }: Summarized): readonly (readonly [string, string])[] {
  const { accountUrl } = configuration
  if (accountUrl === undefined) return []
  const account = ['Account page', `${link(accountUrl)} ${dim('what is connected as you')}`] as const
  const own = ownSettings.includes('MCP_ADMINS')
  if (!own && ownParts.includes('OpenID Provider')) return [account]
  const who = own ? 'sign in as one of your MCP_ADMINS' : `sign in as ${localAdminEmail}`
  return [account, ['Admin pages', `${link(new URL('/admin', accountUrl).href)} ${dim(`who asks: ${who}`)}`]]
}

/** Returns what works differently from what the rest of the summary suggests. */
function warnings({ configuration, port, ownParts, proxyHosts, unknownSettings }: Summarized): string[] {
  const { issuer } = configuration
  const here = new URL(localUrl(port))
  const { host, port: issuerPort } = new URL(issuer)
  const isHere = (isLoopbackHttp(issuer) && issuerPort === here.port) || proxyHosts.includes(here.host)
  const warnings = unknownSettings.map(
    (name) => `${name} is set, and nothing reads it: is it misspelled? See .env.example.`,
  )
  if (ownParts.includes('optional sign-in')) {
    warnings.unshift('REQUIRE_AUTH is not true: clients see no reason to sign users in.')
  }
  if (!isHere) {
    const hosts = [host, ...proxyHosts].join(', ')
    warnings.unshift(
      `MCP_OAUTH_ISSUER: this machine answers only requests for ${hosts}. At ${here.origin} everything is 404.`,
    )
  }
  return warnings
}
