import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The beginning of the name of each temporary folder. */
export const folderPrefix = 'mcp-oauth-broker-'

export interface TemporaryFolder {
  readonly path: string
  remove(): Promise<void>
}

/** Makes a folder outside the repository. It is removed at the latest when this process ends normally or by `process.exit`. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), folderPrefix))
  const removeAtExit = () => rmSync(path, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true })
      process.off('exit', removeAtExit)
    },
  }
}
