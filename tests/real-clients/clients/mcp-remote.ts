import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import * as v from 'valibot'
import type { ToolArguments } from '../../clients/tool-answer.ts'
import { type RealClientKind, type Surroundings, toolName } from '../real-client.ts'

const keptTokens = v.object({ refresh_token: v.string() })

/** The proxy, as a desktop application that knows only local servers starts it. It is driven over its standard input. */
export async function mcpRemoteKind(packages: Surroundings['packages'], by: 'DCR' | 'CIMD'): Promise<RealClientKind> {
  const name = `mcp-remote ${await packages.version('mcp-remote')}, ${by}`
  return {
    name,
    without: { 'sign-out': 'it has no sign-out; the user deletes its token folder' },
    async start({ world, packages, person, documents }) {
      const folder = join(person.home, 'mcp-remote')
      const args = [packages.path('mcp-remote', 'dist/proxy.js'), world.mcpUrl]
      if (by === 'CIMD') {
        const document = {
          client_id: 'https://mcp-remote.example/client.json',
          client_name: 'mcp-remote',
          redirect_uris: ['http://localhost/oauth/callback'],
          token_endpoint_auth_method: 'none',
        }
        args.push('--client-metadata-url', documents.publish(document))
      }
      let printed = ''
      /** Several applications on one machine. Each has a proxy, and the proxies share their files. */
      const applications: Client[] = []

      async function startApplication(): Promise<void> {
        const client = new Client({ name: 'Desktop application', version: '1.0.0' })
        const transport = new StdioClientTransport({
          command: process.execPath,
          args,
          env: { ...person.environment, MCP_REMOTE_CONFIG_DIR: folder },
          stderr: 'pipe',
        })
        transport.stderr?.on('data', (text: Buffer) => {
          printed += text
        })
        applications.push(client)
        await client.connect(transport)
      }

      async function useBy(client: Client | undefined, name: string, args: ToolArguments): Promise<readonly string[]> {
        const answer = await client?.callTool({ name, arguments: args })
        return answer?.content.flatMap((part) => (part.type === 'text' ? part.text : [])) ?? []
      }

      return {
        async signIn() {
          for (let count = 0; count < 3; count++) await startApplication()
        },
        use: (tool, args) => useBy(applications[0], tool, args),
        askAtOnce: (questions) =>
          Promise.all(questions.map((question, index) => useBy(applications[index], toolName, { question }))),
        async refreshToken() {
          const names = await readdir(folder, { recursive: true })
          const file = names.find((name) => name.endsWith('_tokens.json'))
          if (!file) throw new Error('it has stored no tokens')
          return v.parse(keptTokens, JSON.parse(await readFile(join(folder, file), 'utf8'))).refresh_token
        },
        output: () => printed,
        async close() {
          await Promise.all(applications.map((client) => client.close()))
        },
      }
    },
  }
}
