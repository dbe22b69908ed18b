import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface RunningProcess {
  /** The exit code; null if a signal has ended it. */
  readonly ended: Promise<number | null>
  /** Everything that it has printed so far. */
  output(): string
  /** The standard output only. */
  standardOutput(): string
  /** Waits for the first printed line that matches. Earlier lines count too. @throws Error if the process ends without one */
  line(pattern: RegExp): Promise<RegExpExecArray>
  /** Writes to its standard input, if it was started with `talks`. */
  type(text: string): void
  /** Sends a message over the IPC channel, if it was started with `talks`. */
  send(message: object): void
  /** Calls the listener for each message of the program. */
  onMessage(listener: (message: unknown) => void): void
  /** Ends the process and all processes that it has started. */
  stop(): Promise<void>
}

const groups = new Set<number>()
process.on('exit', () => {
  for (const group of groups) endGroup(group)
})

/**
 * Starts a program in its own process group, which ends with this process at the latest.
 *
 * @param options longest: milliseconds after which the program is ended; talks: it gets a standard input, and an IPC
 *   channel if it is a Node program
 */
export function startProcess(
  file: string,
  args: readonly string[],
  options: {
    readonly cwd?: string
    readonly env: NodeJS.ProcessEnv
    readonly longest: number
    readonly talks?: boolean
  },
): RunningProcess {
  const { cwd, env, longest, talks = false } = options
  const child = spawn(file, args, {
    ...(cwd && { cwd }),
    env,
    detached: true,
    stdio: [talks ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(talks ? (['ipc'] as const) : [])],
  })
  const group = child.pid
  if (group !== undefined) groups.add(group)
  const lines: string[] = []
  const standard: string[] = []
  const listeners = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      if (stream === child.stdout) standard.push(line)
      for (const listener of listeners) listener(line)
    })
  }
  const stop = () => group !== undefined && endGroup(group)
  const timer = setTimeout(() => {
    lines.push(`(ended after ${longest / 1000} s)`)
    stop()
  }, longest)
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => lines.push(error.message))
    child.once('close', (code) => {
      clearTimeout(timer)
      stop()
      if (group !== undefined) groups.delete(group)
      resolve(code)
    })
  })
  return {
    ended,
    output: () => lines.join('\n'),
    standardOutput: () => standard.join('\n'),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (line: string) => {
          const found = pattern.exec(line)
          if (!found) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        void ended.then((code) =>
          reject(new Error(`${args[0]} ended (${code}) without ${pattern}\n${lines.join('\n')}`)),
        )
        for (const line of lines) look(line)
      }),
    type: (text) => void child.stdin?.write(text),
    send: (message) => void child.send(message),
    onMessage: (listener) => void child.on('message', listener),
    async stop() {
      stop()
      await ended
    },
  }
}

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // The group has no process left.
  }
}
