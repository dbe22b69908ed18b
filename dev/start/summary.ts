import { styleText } from 'node:util'
import { portsFrom } from './ports.ts'

// `styleText` leaves colours out where the output is no terminal, or NO_COLOR is set.
const bold = (text: string) => styleText('bold', text)
const dim = (text: string) => styleText('dim', text)
const link = (text: string) => styleText('cyan', text)

/** One line of progress: what has started, and how long it took in milliseconds. */
export function progressLine(part: string, milliseconds: number): string {
  const time = milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
  return `${styleText('green', '✓')} ${part} ${dim(time)}`
}

/** What runs where and how to use it, as `npm start` ends. */
export function summary(world: {
  readonly port: number
  readonly url: string
  readonly mcpUrl: string
  /** The folder that keeps the state. */
  readonly state: string
  /** Names of the person's own settings that are in use. */
  readonly ownSettings: readonly string[]
}): string {
  const { url, mcpUrl } = world
  const ports = portsFrom(world.port)
  const at = (port: number) => `http://localhost:${port}`
  const name = 'local-docs'
  const vscode = JSON.stringify({ name, type: 'http', url: mcpUrl })
  const cursor = JSON.stringify({ mcpServers: { [name]: { url: mcpUrl } } })
  const rows = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([label, text]) => `  ${label.padEnd(18)}${text}`)
  return [
    '',
    bold('The whole system is running on this machine.'),
    '',
    ...rows([
      ['MCP endpoint', bold(link(mcpUrl))],
      ['Sign-in service', `${link(`${url}/.well-known/oauth-authorization-server`)}`],
      ['OpenID Provider', `${link(at(ports.provider))} ${dim('sign in with any e-mail address')}`],
      ['Kapa stand-in', `${link(at(ports.kapa))} ${dim('answers from docs/ and README.md')}`],
      ['CRM sink', `${link(`${at(ports.crm)}/__mock/received`)} ${dim('who was reported')}`],
      ['Blobs emulator', `${link(at(ports.edge))} ${dim(`and :${ports.uncached}, kept in ${world.state}/`)}`],
      ...(world.ownSettings.length > 0 ? [['Your settings', world.ownSettings.join(', ')] as const] : []),
    ]),
    '',
    bold('Connect a client'),
    '',
    ...rows([
      ['Claude Code', `claude mcp add --transport http ${name} ${mcpUrl}`],
      ['VS Code', `code --add-mcp '${vscode}'`],
      ['Cursor', `${cursor} ${dim('in .cursor/mcp.json')}`],
      ['Inspector', `npx @modelcontextprotocol/inspector --transport http --server-url ${mcpUrl}`],
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
