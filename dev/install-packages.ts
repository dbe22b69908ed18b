import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Explained } from './explained.ts'
import { startProcess } from './processes.ts'

/** The installed packages of a folder's package.json. */
export interface Packages {
  /** The absolute path of a file of an installed package. */
  path(name: string, file: string): string
  /** The version of an installed package. */
  version(name: string): Promise<string>
  /** The URL that `import` of a package loads. */
  entry(name: string): string
}

const files = ['package.json', 'package-lock.json', '.npmrc']
const longest = 300_000

/**
 * Installs the packages of `source` into `target`, a folder outside of everything that is built, tested or deployed, unless they are
 * installed. It runs no script of a package.
 *
 * @throws Explained with npm's message
 */
export async function installInto(
  { source, target, what }: { readonly source: string; readonly target: string; readonly what: string },
  progress: (what: string) => void,
): Promise<Packages> {
  if (!(await isInstalled(source, target))) {
    progress(`installing ${what}, once`)
    await rm(target, { recursive: true, force: true })
    await mkdir(target, { recursive: true })
    for (const file of files) await copyFile(join(source, file), join(target, file))
    const npm = startProcess('npm', ['ci', '--ignore-scripts', '--no-progress', '--loglevel=error'], {
      cwd: target,
      env: process.env,
      longest,
    })
    if ((await npm.ended) !== 0) throw new Explained(`Installing ${what} has failed.\n${npm.output()}`)
  }
  const path = (name: string, file: string) => join(target, 'node_modules', name, file)
  return {
    path,
    async version(name) {
      const { version }: { readonly version: string } = JSON.parse(await readFile(path(name, 'package.json'), 'utf8'))
      return version
    },
    entry: (name) => `file://${createRequire(join(target, 'package.json')).resolve(name)}`,
  }
}

async function isInstalled(source: string, target: string): Promise<boolean> {
  // npm writes this file last. Without it, an installation was interrupted.
  if (!existsSync(join(target, 'node_modules/.package-lock.json'))) return false
  const [wanted, installed] = await Promise.all(
    [source, target].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8').catch(() => undefined)),
  )
  return wanted === installed
}
