import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { Explained } from '../../dev/explained.ts'
import { sha256 } from '../../lib/base/sha256.ts'

const manifest = v.object({ dependencies: v.record(v.string(), v.string()) })

/** Installs the peers beside this file, unless what is there is what the lockfile says. @throws Explained without the registry */
export function installPeers(progress: (what: string) => void): Readonly<Record<string, string>> {
  const folder = import.meta.dirname
  const stamp = join(folder, 'node_modules', '.installed')
  const wanted = sha256(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  if (textOf(stamp) !== wanted) {
    progress('installing the peers')
    try {
      // None of them needs a script of its own. Without NODE_ENV, because npm would read it.
      const { NODE_ENV: _, ...env } = process.env
      execFileSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], { cwd: folder, env, stdio: 'pipe' })
    } catch (error) {
      throw new Explained(`The peers cannot be installed: ${error instanceof Error ? error.message : error}`)
    }
    writeFileSync(stamp, wanted)
  }
  return v.parse(manifest, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).dependencies
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
