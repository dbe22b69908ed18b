import { watch } from 'node:fs'

/** Milliseconds without a change before `onChange` is called: an editor writes a file in several steps. */
const quiet = 100

/**
 * Calls `onChange` after a file below one of the folders has changed. Changes that come together cause one call. Changes during
 * a call cause one more call after it.
 */
export function watchFolders(folders: readonly string[], onChange: () => Promise<void>, signal: AbortSignal): void {
  let timer: NodeJS.Timeout | undefined
  let running = false
  let again = false

  async function run(): Promise<void> {
    if (running) {
      again = true
      return
    }
    running = true
    do {
      again = false
      await onChange()
    } while (again && !signal.aborted)
    running = false
  }

  for (const folder of folders) {
    watch(folder, { recursive: true, signal }, (_event, name) => {
      if (name?.endsWith('.test.ts')) return
      clearTimeout(timer)
      timer = setTimeout(run, quiet)
    }).on('error', (error) => console.error(`Changes in ${folder} may go unnoticed: ${error.message}`))
  }
  signal.addEventListener('abort', () => clearTimeout(timer))
}
