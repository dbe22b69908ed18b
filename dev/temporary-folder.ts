import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How the names of temporary folders begin. */
export const folderPrefix = 'mcp-oauth-broker-'

export interface TemporaryFolder {
  readonly path: string
  remove(): Promise<void>
}

/** A new folder outside the repository. It is gone at the latest when this process ends by itself or by `process.exit`. */
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
