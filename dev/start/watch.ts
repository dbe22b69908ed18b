import { watch } from 'node:fs'

/** An editor writes a file in several steps. Milliseconds. */
const quiet = 100

/**
 * Calls `onChange` after something below one of the folders has changed, once for changes that come together, and
 * never while its previous call is still running: what changes meanwhile is answered by one more call.
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
    }).on('error', (error) => console.error(`Changes below ${folder} may go unnoticed: ${error.message}`))
  }
  signal.addEventListener('abort', () => clearTimeout(timer))
}
