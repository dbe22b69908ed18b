import { parseArgs } from 'node:util'
import { createApi } from './api.ts'
import { type Command, flag, text } from './command.ts'
import { acting } from './commands/acting.ts'
import { machines } from './commands/machines.ts'
import { reading } from './commands/reading.ts'
import { sites } from './commands/sites.ts'
import { helpOf, helpOfAll } from './help.ts'
import { exits, Problem } from './problem.ts'
import { runCommand } from './run-command.ts'
import { createSavedSites, originOf, type Site, tokenOfEnvironment } from './sites.ts'
import type { Surroundings } from './surroundings.ts'

export const commands: readonly Command[] = [...reading, ...machines, ...acting, ...sites]

const common = { site: text, json: flag, help: { ...flag, short: 'h' } } as const

/** `npm run admin -- <args>`: one command over the admin API of a server. Returns the exit code. */
export const admin = (args: readonly string[], around: Surroundings): Promise<number> =>
  runCommand(() => run(args, around), around)

async function run([name, ...args]: readonly string[], around: Surroundings): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    around.out.write(helpOfAll(commands))
    return exits.done
  }
  const command = commands.find((one) => one.name === name)
  if (!command) throw new Problem(`There is no command ${name}. For the list, run npm run admin -- --help`, exits.usage)
  const { words, options } = parsed(command, args)
  if (options.help === true) {
    around.out.write(helpOf(command))
    return exits.done
  }
  if (words.length > (command.most ?? 0) || words.length < (command.least ?? 0)) {
    throw new Problem(`Usage: npm run admin -- ${command.name} ${command.words ?? ''}`.trimEnd(), exits.usage)
  }
  const site = typeof options.site === 'string' ? options.site : undefined
  const api = async () => createApi(await siteOf(site, around), around.fetch)
  return command.run({ around, words, options, api })
}

function parsed(command: Command, args: readonly string[]) {
  try {
    const options = { ...common, ...command.options }
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    // No option may be given twice, so no value is a list.
    return { words: positionals, options: values as Readonly<Record<string, string | boolean | undefined>> }
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : []
    throw new Problem(`${reason}. For the options, run npm run admin -- ${command.name} --help`, exits.usage)
  }
}

/**
 * Chooses the server and its token. A token of the environment goes where `--site` says; a saved one goes to its own server, and
 * that of the system on this machine stays there. Throws `Problem`.
 */
async function siteOf(given: string | undefined, around: Surroundings): Promise<Site> {
  const origin = given === undefined ? undefined : originOf(given)
  const saved = await createSavedSites(around.tokenFile).all()
  if (origin !== undefined) {
    const token = tokenOfEnvironment(around.environment)
    if (token !== undefined) return { origin, token }
    const known = saved.find((site) => site.origin === origin)
    if (known) return known
  }
  const local = await around.local()
  if (local && (origin === undefined || origin === local.origin)) return local
  if (origin !== undefined) {
    throw new Problem(`There is no token for ${origin}. Run npm run admin -- login --site ${origin}, or set MCP_ADMIN_TOKEN.`, exits.refused) // biome-ignore format: one line
  }
  const [only, another] = saved
  if (only && !another) return only
  if (only)
    throw new Problem(`Which server? --site ${saved.map((site) => site.origin).join(', or --site ')}`, exits.usage)
  throw new Problem('Nothing runs on this machine (npm start), and no server is named: add --site https://docs.example.com', exits.usage) // biome-ignore format: one line
}
