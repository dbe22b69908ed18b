import * as v from 'valibot'
import { startProcess } from '../../../dev/processes.ts'
import type { ToolArguments } from '../../clients/tool-answer.ts'
import { freePort } from '../free-port.ts'
import { type RealClientKind, type Surroundings, toolName } from '../real-client.ts'
import { keptRefreshToken, noSignOut, storeInFile } from './inspector-store.ts'

const called = v.object({
  result: v.object({ content: v.array(v.object({ type: v.string(), text: v.optional(v.string(), '') })) }),
})
const longest = 60_000

/** One process for each command. The processes share files. */
export async function inspectorCliKind(packages: Surroundings['packages']): Promise<RealClientKind> {
  const name = '@modelcontextprotocol/inspector'
  return {
    name: `MCP Inspector CLI ${await packages.version(name)}`,
    without: {
      'more scopes': 'if a tool needs more scopes, it refreshes, which never adds scopes, and gives up (2.12.0)',
      'sign-out': noSignOut,
    },
    async start({ world, packages, person }) {
      const launcher = packages.path(name, 'clients/launcher/build/index.js')
      const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`
      let printed = ''

      async function run(...args: string[]): Promise<string> {
        const common = ['--cli', world.mcpUrl, '--transport', 'http', '--callback-url', callback, '--format', 'json']
        const command = startProcess(process.execPath, [launcher, ...common, ...args], {
          cwd: person.home,
          env: { ...person.environment, ...storeInFile, MCP_AUTO_OPEN_ENABLED: 'true' },
          longest,
        })
        const code = await command.ended
        printed += `${command.output()}\n`
        if (code !== 0) throw new Error(`it ended with ${code}`)
        return command.standardOutput()
      }

      async function use(tool: string, args: ToolArguments, ...options: string[]): Promise<readonly string[]> {
        const given = JSON.stringify(args)
        const result = await run('--method', 'tools/call', '--tool-name', tool, '--tool-args-json', given, ...options)
        return v.parse(called, JSON.parse(result)).result.content.map(({ text }) => text)
      }

      return {
        async signIn() {
          await run('--method', 'tools/list')
        },
        use: (tool, args) => use(tool, args, '--protocol-era', 'auto'),
        askAtOnce: (questions) =>
          Promise.all(questions.map((question) => use(toolName, { question }, '--stored-auth-only'))),
        refreshToken: () => keptRefreshToken(person.home),
        output: () => printed,
        close: async () => {},
      }
    },
  }
}
