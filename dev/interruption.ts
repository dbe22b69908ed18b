/** npm passes on the Ctrl-C that the terminal has sent to everybody already. Milliseconds. */
const echo = 500

/**
 * Takes Ctrl-C and SIGTERM from here on. The first says at once that it was heard, and aborts the signal; whoever runs
 * something ends it. The next one waits for nothing.
 */
export function interruption(): AbortSignal {
  const interrupted = new AbortController()
  let first = 0
  const interrupt = () => {
    if (!interrupted.signal.aborted) {
      first = performance.now()
      console.log('\nStopping …')
      interrupted.abort()
    } else if (performance.now() - first > echo) process.exit(130)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return interrupted.signal
}

/** Settles when the signal has aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
