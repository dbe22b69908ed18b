import type { Command } from './command.ts'

const common = [
  '--site URL         the server; default: what npm start runs here, or the only saved one',
  '--json             JSON for programs',
]
const run = 'npm run admin --'

/** The help of `npm run admin`. */
export const helpOfAll = (commands: readonly Command[]): string => `npm run admin

Shows who asks and how well it works, and acts on people and clients, over the
admin API of a server. Without --site it is the system that npm start runs on
this machine, which needs no settings.

${commands.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}

  ${common.join('\n  ')}

Examples:
  ${run} companies --days 7
  ${run} forget ada@example.com
  ${run} companies --help

A server on the Internet: make a token with npm run -s secret. Set it there as
MCP_ADMIN_TOKEN (reads) or MCP_ADMIN_WRITE_TOKEN (reads and acts), and deploy.
Then run, once: ${run} login --site URL

If the server refuses: a read token cannot act. After ten wrong tokens, your
address waits for up to 15 minutes.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 refused.
`

/** The help of one command. */
export function helpOf({ name, words, about, help = [], examples }: Command): string {
  const usage = `npm run admin -- ${name}${words === undefined ? '' : ` ${words}`}`
  const options = [...help, ...common].map((line) => `  ${line}`).join('\n')
  return `${usage}\n\n${about[0]?.toUpperCase()}${about.slice(1)}.\n\n${options}\n\nExamples:\n${examples.map((example) => `  ${run} ${example}`).join('\n')}\n`
}
