import { styleText } from 'node:util'
import type { Configuration } from '../../lib/settings/configuration.ts'
import { isLoopbackHttp } from '../../lib/settings/reader.ts'
import type { ToolSettings } from '../../lib/settings/tools.ts'
import type { OwnPart } from './local-env.ts'
import { localUrl, portsFrom } from './ports.ts'

// `styleText` leaves colours out where the output is no terminal, or NO_COLOR is set.
const bold = (text: string) => styleText('bold', text)
const dim = (text: string) => styleText('dim', text)
const link = (text: string) => styleText('cyan', text)

/** One line of progress: what has started, and how long it took in milliseconds. */
export function progressLine(part: string, milliseconds: number): string {
  const time = milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
  return `${styleText('green', '✓')} ${part} ${dim(time)}`
}

interface Summarized {
  readonly port: number
  readonly configuration: Configuration
  readonly tools: ToolSettings
  /** The folder that keeps the state. */
  readonly state: string
  /** What of the local world the person's own settings replace. */
  readonly ownParts: readonly OwnPart[]
  /** Hosts other than the issuer's for which the service answers. */
  readonly proxyHosts: readonly string[]
  /** Names of the person's own settings that are in use, and of those that nothing reads. */
  readonly ownSettings: readonly string[]
  readonly unknownSettings: readonly string[]
}

/** What runs where and how to use it, as `npm start` ends. */
export function summary(world: Summarized): string {
  const { configuration, tools, ownParts, ownSettings } = world
  const { issuer, resource: mcpUrl, flow } = configuration
  const ports = portsFrom(world.port)
  const name = 'local-docs'
  const vscode = JSON.stringify({ name, type: 'http', url: mcpUrl })
  const cursor = JSON.stringify({ mcpServers: { [name]: { url: mcpUrl } } })
  const rows = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([label, text]) => `  ${label.padEnd(18)}${text}`)
  // A path may be a secret, as a webhook's is.
  const yours = (url: string | undefined) => `${URL.parse(url ?? '')?.origin ?? 'none'} ${dim('from your settings')}`
  const provider =
    flow?.upstream.kind === 'oidc'
      ? yours(flow.upstream.issuer)
      : `none ${dim('everybody is one made-up person (MCP_OAUTH_ALLOW_MOCK)')}`
  const local = `${link(localUrl(ports.provider))} ${dim('any e-mail address; it remembers you, a private window is somebody else')}`
  const kapa = `${link(localUrl(ports.kapa))} ${dim('answers from docs/ and README.md')}`
  const hub = `${link(localUrl(ports.hub))} ${dim('a few made-up API pages')}`
  const forms = `${link(`${localUrl(ports.forms)}/__mock/received`)} ${dim('what was sent')}`
  const crm = `${link(`${localUrl(ports.crm)}/__mock/received`)} ${dim('who was reported')}`
  return [
    '',
    bold('The whole system is running on this machine.'),
    '',
    ...rows([
      ['MCP endpoint', bold(link(mcpUrl))],
      ['Sign-in service', `${link(`${issuer}/.well-known/oauth-authorization-server`)}`],
      ['OpenID Provider', ownParts.includes('OpenID Provider') ? provider : local],
      ['Kapa', ownParts.includes('Kapa') ? yours(tools.kapa.url) : kapa],
      ['API reference', ownParts.includes('API reference') ? yours(tools.apiReference?.hubUrl) : hub],
      ['Feedback form', ownParts.includes('feedback form') ? yours(tools.feedback?.url) : forms],
      ['CRM', ownParts.includes('CRM') ? yours(flow?.crmWebhookUrl) : crm],
      ['Blobs emulator', `${link(localUrl(ports.edge))} ${dim(`and :${ports.uncached}, kept in ${world.state}/`)}`],
      ...(ownSettings.length > 0 ? [['Your settings', ownSettings.join(', ')] as const] : []),
    ]),
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
      ['Start afresh', 'npm run reset'],
      ['Stop', 'Ctrl-C'],
    ]),
    '',
  ].join('\n')
}

/** What works otherwise than one who reads the rest would think. */
function warnings({ configuration, port, ownParts, proxyHosts, unknownSettings }: Summarized): string[] {
  const { issuer } = configuration
  const here = new URL(localUrl(port))
  const { host, port: issuerPort } = new URL(issuer)
  const isHere = (isLoopbackHttp(issuer) && issuerPort === here.port) || proxyHosts.includes(here.host)
  return [
    ...(isHere
      ? []
      : [
          `MCP_OAUTH_ISSUER: this machine answers only requests that come for ${[host, ...proxyHosts].join(', ')}. At ${here.origin} everything is 404.`,
        ]),
    ...(ownParts.includes('optional sign-in')
      ? ['REQUIRE_AUTH is not true: clients see no reason to sign anybody in.']
      : []),
    ...unknownSettings.map((name) => `${name} is set, and nothing reads it: is it misspelled? See .env.example.`),
  ]
}
