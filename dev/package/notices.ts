import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../repository.ts'

/** A package of others that is inside a bundle. */
interface Notice {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly text: string
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>
}

/**
 * Writes the licenses of the code of others that the package ships in its bundles, since most of them ask for that. It names every package
 * that the deployed code may load, and those of the local world that `bundled` shows.
 *
 * @param bundled files that were bundled, as esbuild's metafile names them
 */
export async function noticesOf(bundled: readonly string[]): Promise<string> {
  const { packages }: Lockfile = JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8'))
  const deployed = Object.entries(packages).flatMap(([path, { dev, optional }]) =>
    path && !dev && !optional ? [path] : [],
  )
  const folders = [...new Set([...deployed, ...bundled.flatMap(folderOf)])].sort()
  const notices = (await Promise.all(folders.map(noticeOf))).flat()
  const parts = notices.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`)
  const rule = `\n${'-'.repeat(80)}\n\n`
  return `The bundles of this package contain code of the packages below, under their licenses.\n${rule}${parts.join(rule)}`
}

/** The folder of the package that a bundled file is of. */
const folderOf = (file: string): readonly string[] =>
  /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.slice(0, 1) ?? []

async function noticeOf(folder: string): Promise<readonly Notice[]> {
  const at = join(repository, folder)
  const manifest = await readFile(join(at, 'package.json'), 'utf8').catch(() => undefined)
  if (manifest === undefined) return []
  const { name, version, license = 'see its text' }: Partial<Notice> = JSON.parse(manifest)
  const file = (await readdir(at)).find((entry) => /^(?:licen[cs]e|copying)(?:[.-]|$)/i.test(entry))
  const text = file === undefined ? 'The package has no file with its license.' : await readFile(join(at, file), 'utf8')
  return name !== undefined && version !== undefined ? [{ name, version, license, text }] : []
}
