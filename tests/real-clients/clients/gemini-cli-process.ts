/**
 * The part of the Gemini CLI that connects to MCP servers, without its user interface: signs in as `/mcp auth` does, and
 * connects as a session does. Each user has a separate process, because it reads the user's home from the environment. It
 * gets its commands over the IPC channel.
 *
 * Arguments: the URL to import, the version of the package, and the address of the server.
 */
import process from 'node:process'
import type { Command, Outcome } from './gemini-cli.ts'

/** The parts of `@google/gemini-cli-core` that are used. Its own types would need the whole package. */
interface Core {
  readonly MCPOAuthProvider: new () => {
    authenticate(server: string, settings: object, mcpUrl: string): Promise<object>
  }
  connectToMcpServer(
    version: string,
    server: string,
    settings: object,
    debug: boolean,
    workspace: object,
    cli: object,
  ): Promise<Connection>
}

interface Connection {
  callTool(call: object): Promise<{ readonly content: readonly { readonly type: string; readonly text?: string }[] }>
  close(): Promise<void>
}

const [imported = '', version = '', httpUrl = ''] = process.argv.slice(2)
const core: Core = await import(imported)
const server = 'docs'
const workspace = { getDirectories: () => [], onDirectoriesChanged: () => () => {} }
const cli = {
  emitMcpDiagnostic: (level: string, text: string) => console.error(`${level}: ${text}`),
  sanitizationConfig: {},
  isTrustedFolder: () => true,
}
let connection: Connection | undefined

async function signIn(): Promise<readonly string[]> {
  await connection?.close()
  await new core.MCPOAuthProvider().authenticate(server, { enabled: false }, httpUrl)
  connection = await core.connectToMcpServer(version, server, { httpUrl }, false, workspace, cli)
  return []
}

async function use({ tool: name, args }: NonNullable<Command['use']>): Promise<readonly string[]> {
  const answer = await connection?.callTool({ name, arguments: args })
  return answer?.content.flatMap(({ text }) => text ?? []) ?? []
}

process.on('message', async ({ id, use: used }: Command) => {
  const answer = (outcome: Omit<Outcome, 'id'>) => process.send?.({ id, ...outcome } satisfies Outcome)
  try {
    answer({ texts: await (used ? use(used) : signIn()) })
  } catch (error) {
    answer({ problem: error instanceof Error ? error.message : String(error) })
  }
})
