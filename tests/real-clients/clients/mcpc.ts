import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { startProcess } from '../../../dev/processes.ts'
import type { ToolArguments } from '../../clients/tool-answer.ts'
import { type RealClientKind, type Surroundings, toolName } from '../real-client.ts'

const name = '@apify/mcpc'
const called = v.object({ content: v.array(v.object({ type: v.string(), text: v.optional(v.string(), '') })) })
const keptTokens = v.pipe(v.string(), v.parseJson(), v.object({ refreshToken: v.string() }))
const longest = 60_000
/** Each session is a process that holds a connection. They share their files. */
const sessions = ['@one', '@two', '@three'] as const

/** One process for each command, and one that stays for each session. */
export async function mcpcKind(packages: Surroundings['packages']): Promise<RealClientKind> {
  return {
    name: `mcpc ${await packages.version(name)}`,
    refreshesByItself: true,
    without: { 'sign-out': '`mcpc logout` forgets its tokens, and does not call the revocation endpoint (0.2.6)' },
    async start({ mcpUrl, packages, person }) {
      const program = packages.path(name, 'bin/mcpc')
      let printed = ''

      async function run(...args: string[]): Promise<string> {
        const command = startProcess(process.execPath, [program, '--json', ...args], {
          cwd: person.home,
          env: person.environment,
          longest,
        })
        const code = await command.ended
        printed += `${command.output()}\n`
        if (code !== 0) throw new Error(`${args.slice(0, 2).join(' ')} ended with ${code}`)
        return command.standardOutput()
      }

      async function useBy(session: string, tool: string, args: ToolArguments): Promise<readonly string[]> {
        const result = await run(session, 'tools-call', tool, JSON.stringify(args))
        return v.parse(called, JSON.parse(result)).content.map(({ text }) => text)
      }

      return {
        async signIn() {
          await run('login', mcpUrl)
          await Promise.all(sessions.map((session) => run('connect', mcpUrl, session)))
        },
        async use(tool, args) {
          try {
            return await useBy(sessions[0], tool, args)
          } catch {
            // Its message recommends this. It asks only for the given scopes, or those of the server metadata. It also
            // registers again, so that the other sessions know only the earlier client. Their next question shows whether
            // they can start again.
            await run('login', mcpUrl, '--scope', 'docs:read docs:feedback')
            const [first, ...others] = sessions
            await run(first, 'restart').catch(async () => {
              // It closes a session whose end it has noticed, so that the session must be created again.
              await run(first, 'close').catch(() => undefined)
              await run('connect', mcpUrl, first)
            })
            for (const session of others) await run(session, 'restart').catch(() => undefined)
            return useBy(sessions[0], tool, args)
          }
        },
        askAtOnce: (questions) =>
          Promise.all(
            questions.map((question, index) => useBy(sessions[index] ?? sessions[0], toolName, { question })),
          ),
        async refreshToken() {
          const kept: unknown = JSON.parse(await readFile(join(person.home, '.mcpc/credentials.json'), 'utf8'))
          for (const entry of Object.values(v.parse(v.record(v.string(), v.string()), kept))) {
            const found = v.safeParse(keptTokens, entry)
            if (found.success) return found.output.refreshToken
          }
          throw new Error('it has stored no tokens')
        },
        output: () => printed,
        close: async () => void (await Promise.all(sessions.map((session) => run(session, 'close')))),
      }
    },
  }
}
