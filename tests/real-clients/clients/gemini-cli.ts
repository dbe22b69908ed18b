import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { startProcess } from '../../../dev/processes.ts'
import type { ToolArguments } from '../../clients/tool-answer.ts'
import { type RealClientKind, type Surroundings, toolName } from '../real-client.ts'

/** A command for `gemini-cli-process.ts`: use a tool, or sign in. */
export interface Command {
  readonly id: number
  readonly use?: { readonly tool: string; readonly args: ToolArguments }
}

export interface Outcome {
  readonly id: number
  readonly texts?: readonly string[] | undefined
  readonly problem?: string | undefined
}

const name = '@google/gemini-cli-core'
const outcome = v.object({
  id: v.number(),
  texts: v.optional(v.array(v.string())),
  problem: v.optional(v.string()),
})
const keptTokens = v.array(v.object({ token: v.object({ refreshToken: v.string() }) }))
/** Milliseconds for the whole life. It waits for access tokens to expire, like every client. */
const longest = 600_000

/**
 * The code of the Gemini CLI, from the package on which it is built, with the user's home and browser. It refreshes five
 * minutes before the access token expires, which here means before every request.
 */
export async function geminiCliKind(
  packages: Surroundings['packages'],
  { finalSlash = false } = {},
): Promise<RealClientKind> {
  const version = await packages.version(name)
  return {
    name: `Gemini CLI ${version}${finalSlash ? ', at /mcp/' : ''}`,
    finalSlash,
    without: { 'sign-out': 'it has no command for this; the user deletes its token file' },
    async start({ mcpUrl, packages, person }) {
      const program = fileURLToPath(new URL('./gemini-cli-process.ts', import.meta.url))
      const args = [program, packages.entry(name), version, mcpUrl]
      const { environment: env, home: cwd } = person
      const child = startProcess(process.execPath, args, { cwd, env, longest, talks: true })
      const waiting = new Map<number, (outcome: Outcome) => void>()
      let commands = 0
      child.onMessage((message) => {
        const answer = v.parse(outcome, message)
        waiting.get(answer.id)?.(answer)
        waiting.delete(answer.id)
      })

      async function does(use?: Command['use']): Promise<readonly string[]> {
        const id = ++commands
        // Answers its question whether it may open the browser.
        child.type('y\n')
        const answered = new Promise<Outcome>((resolve) => waiting.set(id, resolve))
        child.send({ id, use })
        const ended = child.ended.then((): Outcome => ({ id, problem: 'it has ended' }))
        const { texts, problem } = await Promise.race([answered, ended])
        if (texts === undefined) throw new Error(problem)
        return texts
      }

      return {
        signIn: async () => void (await does()),
        async use(tool, args) {
          try {
            return await does({ tool, args })
          } catch {
            // The user types `/mcp auth`.
            await does()
            return does({ tool, args })
          }
        },
        askAtOnce: (questions) =>
          Promise.all(questions.map((question) => does({ tool: toolName, args: { question } }))),
        async refreshToken() {
          const text = await readFile(join(person.home, '.gemini/mcp-oauth-tokens.json'), 'utf8')
          const [kept] = v.parse(keptTokens, JSON.parse(text))
          if (!kept) throw new Error('it has stored no tokens')
          return kept.token.refreshToken
        },
        output: () => child.output(),
        close: () => child.stop(),
      }
    },
  }
}
