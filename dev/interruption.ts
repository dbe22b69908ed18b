import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

/** npm passes on the Ctrl-C that the terminal has sent to everybody already. Milliseconds. */
const echo = 500

/** How often it is asked whether npm is still there. Milliseconds. */
const lookout = 1000

/** Ctrl-C, `kill`, and the end of the terminal. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What the end of this program is; by default it ends at once, which removes its temporary folders. */
let interrupt = (exitCode: number): void => process.exit(exitCode)

/**
 * Ends this program when somebody wants it to end: by a signal, by closing what reads its output, or by ending the npm that
 * has started it, which does not always pass that on.
 */
export function endWhenAsked(): void {
  for (const signal of signals) process.on(signal, () => interrupt(128 + constants.signals[signal]))
  // Nobody reads on: a terminal that was closed, or `npm start | head`.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt(1))
  const isLeft = npmIsGone()
  const timer = setInterval(() => {
    if (!isLeft()) return
    clearInterval(timer)
    interrupt(1)
  }, lookout)
  timer.unref()
}

/** Tells, from now on, whether the npm that runs this program has ended. */
function npmIsGone(): () => boolean {
  // Started by hand, it may outlive the shell on purpose.
  if (process.env.npm_lifecycle_event === undefined) return () => false
  const parent = process.ppid
  // Between npm and us there may be a shell, which nobody tells.
  const beyond = isShell(parent) ? parentOf(parent) : null
  return () => process.ppid !== parent || (beyond !== null && parentOf(parent) !== beyond)
}

const isShell = (pid: number) => /^(?:ba|da|k|z|a)?sh$/.test(ofProcess(pid, 'comm')?.trim() ?? '')

/** Field 4 of `stat`; the one before the third may hold anything, and ends at the last parenthesis. */
function parentOf(pid: number): string | null {
  const stat = ofProcess(pid, 'stat')
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? null
}

/** Linux only: null elsewhere. */
function ofProcess(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}

/**
 * From here on, who wants this program to end is answered at once, and the signal aborts; whoever runs something ends it.
 * The next one waits for nothing.
 */
export function interruption(): AbortSignal {
  const interrupted = new AbortController()
  let first = 0
  interrupt = (exitCode) => {
    if (!interrupted.signal.aborted) {
      first = performance.now()
      console.log('\nStopping …')
      interrupted.abort()
    } else if (performance.now() - first > echo) process.exit(exitCode)
  }
  return interrupted.signal
}

/** Settles when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
