import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stagePackage } from '../../dev/package/stage.ts'
import { startProcess } from '../../dev/processes.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'

/** Milliseconds for one run of npm. */
const longest = 300_000

let packed: Promise<string> | undefined

/** Makes the tarball, once for each process. Returns its path. */
export function tarball(): Promise<string> {
  packed ??= pack()
  return packed
}

async function pack(): Promise<string> {
  // The folder is removed when this process ends.
  const folder = temporaryFolder()
  const staged = join(folder.path, 'package')
  await stagePackage(staged)
  await npm(['pack', staged, '--pack-destination', folder.path], folder.path)
  const name = (await readdir(folder.path)).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack made no tarball')
  return join(folder.path, name)
}

/** Installs the packages of a folder, in which this package is the tarball instead of a version of the registry. */
export async function installPackage(folder: string): Promise<void> {
  const path = join(folder, 'package.json')
  const manifest = JSON.parse(await readFile(path, 'utf8'))
  manifest.dependencies['mcp-oauth-broker'] = `file:${await tarball()}`
  await writeFile(path, JSON.stringify(manifest, null, 2))
  await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], folder)
}

/** Runs npm. @throws Error with its output unless it succeeds */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const running = startProcess('npm', [...args, '--loglevel=error'], { cwd, env: process.env, longest })
  const code = await running.ended
  if (code !== 0) throw new Error(`npm ${args[0]} ended with ${code}\n${running.output()}`)
  return running.output()
}

/** The words that only a documentation site or Netlify has, in the JavaScript of the package that other MCP servers load. The program that makes a site is not part of it. */
export async function wordsOfOneSite(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder, { recursive: true })).filter(
    (name) => name.endsWith('.js') && !name.startsWith('create/'),
  )
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  const words = /redpanda|\bkapa\b|docs:(?:read|feedback|admin)|@netlify\//gi
  return texts.flatMap((text, index) => [...text.matchAll(words)].map(([word]) => `${files[index]}: ${word}`))
}
