import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { styleText } from 'node:util'
import type { Output, Surroundings } from './surroundings.ts'

/** The surroundings of a command that a user runs. */
export function terminal(local: Surroundings['local']): Surroundings {
  const { env, stdout, stderr } = process
  return {
    environment: env,
    out: outputTo(stdout),
    notes: outputTo(stderr),
    width: stdout.isTTY ? Math.max(60, stdout.columns) : 80,
    bold: (line) => styleText('bold', line),
    fetch,
    tokenFile: join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'mcp-oauth-broker', 'admin.json'),
    local,
    ask,
    wait: (milliseconds) => setTimeout(milliseconds),
  }
}

const outputTo = (stream: NodeJS.WriteStream): Output => ({
  write: (data) => void stream.write(data),
  isTerminal: stream.isTTY === true,
})

/** Asks on the terminal. A hidden answer may also come from a pipe, as a secret from another program. */
async function ask(question: string, hidden: boolean): Promise<string | null> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) return hidden ? text(stdin) : null
  stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: hidden ? nowhere : stderr, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    if (hidden) stderr.write('\n')
  }
}
