import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { Explained } from './explained.ts'

/**
 * What was given after `npm start --` or `npm run <command> --`. Asked for `--help`, prints the usage and ends.
 *
 * @param usage its first line is the command as a person types it
 * @throws Explained if there is something that the program does not take
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
    // Node's own advice, how to pass it on nevertheless, follows the first sentence.
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : []
    const [command = ''] = usage.split('\n')
    throw new Explained(`${reason}. What there is: ${command} -- --help`)
  }
}
