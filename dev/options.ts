import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { Explained } from './explained.ts'

/**
 * Reads the options after `npm start --` or `npm run <command> --`. For `--help`, prints the usage and exits.
 *
 * @param usage its first line is the command as a user types it
 * @throws Explained for an option that the program does not have
 */
export function readOptions<T extends ParseArgsOptionsConfig>(usage: string, options: T) {
  const args = process.argv.slice(3)
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage)
    process.exit()
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    // Node's message continues with advice that does not apply here.
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : []
    const [command = ''] = usage.split('\n')
    throw new Explained(`${reason}. For the options, run ${command} -- --help`)
  }
}
