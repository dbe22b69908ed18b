import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { styleText } from 'node:util'
import type { DoctorSurroundings } from './doctor.ts'
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

/** The same for `npm run doctor`, whose report is in color and which opens a browser. */
export function doctorTerminal(local: Surroundings['local']): DoctorSurroundings {
  return {
    ...terminal(local),
    paint: (style, line) => styleText(style, line),
    open: (url) => {
      const [command, ...args] = openers[process.platform] ?? openers.linux ?? []
      // Where there is no browser, the user opens the printed address.
      if (command !== undefined) spawn(command, [...args, url], { stdio: 'ignore', detached: true }).on('error', () => undefined).unref() // biome-ignore format: one line
    },
  }
}

/** What opens an address, by platform. The address is an argument of its own, and no shell reads it. */
const openers: Readonly<Record<string, readonly string[]>> = {
  linux: ['xdg-open'],
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
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
