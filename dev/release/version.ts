import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { Explained } from '../explained.ts'

/** The files that repeat the version of `package.json`, and the place in each. */
const copies = [
  { path: 'server.json', place: /("version": ")([^"]*)(")/ },
  { path: 'lib/service/identity.ts', place: /(version: ')([^']*)(')/ },
] as const

/** The registry takes it as it is, and npm installs it. */
const versionForm = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

const packageFile = v.object({ version: v.string() })

async function versionIn(root: string): Promise<string> {
  return v.parse(packageFile, JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))).version
}

/** Writes the version of `package.json` into the files that repeat it. Returns the files that were changed. */
export async function writeVersion(root: string): Promise<readonly string[]> {
  const version = await versionIn(root)
  const changed: string[] = []
  for (const { path, place } of copies) {
    const text = await readFile(join(root, path), 'utf8')
    if (!place.test(text)) throw new Explained(`${path} names no version`)
    const written = text.replace(place, `$1${version}$3`)
    if (written === text) continue
    await writeFile(join(root, path), written)
    changed.push(path)
  }
  return changed
}

/**
 * Checks that a release is about the version of `package.json`, and that every file says so.
 *
 * @param tag `v<version>`
 * @throws Explained with everything that is wrong
 */
export async function checkVersion(root: string, tag: string): Promise<string> {
  const version = await versionIn(root)
  const problems = [
    ...(versionForm.test(version) ? [] : [`${version} is not a version such as 1.2.3 or 1.2.3-rc.1`]),
    ...(tag === `v${version}`
      ? []
      : [`the tag is ${tag}, and package.json says ${version}: the tag has to be v${version}`]),
  ]
  for (const { path, place } of copies) {
    const [, , said] = place.exec(await readFile(join(root, path), 'utf8')) ?? []
    if (said !== version)
      problems.push(`${path} says ${said}, and package.json says ${version}: npm run release -- write`)
  }
  if (problems.length > 0) throw new Explained(problems.join('\n'))
  return version
}
