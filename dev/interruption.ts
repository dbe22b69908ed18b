import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

/** Milliseconds in which a second signal is an echo: npm passes on a Ctrl-C that the terminal has already sent to all processes. */
const echo = 500

/** Milliseconds between two checks that npm still runs. */
const lookout = 1000

/** What Ctrl-C, `kill` and closing the terminal send. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ends this program. By default it exits at once, which removes its temporary folders. */
let interrupt = (exitCode: number): void => process.exit(exitCode)

/**
 * Ends this program on a signal, when the reader of its output closes, and when the npm that started it ends. npm does
 * not always pass its own end on.
 */
export function endWhenAsked(): void {
  for (const signal of signals) process.on(signal, () => interrupt(128 + constants.signals[signal]))
  // The reader has closed: the terminal, or `head` in `npm start | head`.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt(1))
  const isLeft = npmIsGone()
  const timer = setInterval(() => {
    if (!isLeft()) return
    clearInterval(timer)
    interrupt(1)
  }, lookout)
  timer.unref()
}

/** Returns a function that says whether the npm that runs this program has ended. */
function npmIsGone(): () => boolean {
  // Without npm, the program may outlive the shell on purpose.
  if (process.env.npm_lifecycle_event === undefined) return () => false
  const parent = process.ppid
  // There may be a shell between npm and this process, and it does not notice the end of npm.
  const beyond = isShell(parent) ? parentOf(parent) : null
  return () => process.ppid !== parent || (beyond !== null && parentOf(parent) !== beyond)
}

const isShell = (pid: number) => /^(?:ba|da|k|z|a)?sh$/.test(ofProcess(pid, 'comm')?.trim() ?? '')

/** The parent of a process: field 4 of `stat`. Field 2 may contain any character, and ends at the last parenthesis. */
function parentOf(pid: number): string | null {
  const stat = ofProcess(pid, 'stat')
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? null
}

/** Reads a file of a process under `/proc`. Null on other systems than Linux. */
function ofProcess(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}

/**
 * Changes what a request to end does: the first one prints a line and aborts the returned signal, so that the program can
 * stop what it has started. The next one exits at once.
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

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
