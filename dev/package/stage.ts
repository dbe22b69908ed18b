import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../repository.ts'
import { entries, folders, programs } from './entries.ts'
import { packagesIn, writeJavaScript } from './javascript.ts'
import { manifestOf } from './manifest.ts'
import { noticesOf } from './notices.ts'
import { stageSite } from './site/stage.ts'
import { writeTypes } from './types.ts'

/** Where `npm run build:package` stages the package. */
export const packageFolder = join(repository, 'dist/package')

/**
 * Writes the package into an empty folder: JavaScript, types, `package.json`, licenses and README.
 *
 * @throws if a source does not compile, or reaches what must not get into the package
 */
export async function stagePackage(target: string): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  const imported = Object.values(entries)
  const [needed, typesOf, ofSite] = await Promise.all([
    writeJavaScript([...imported, ...Object.values(programs)], target),
    writeTypes(imported, target),
    stageSite(target),
  ])
  const packages = [...new Set([...needed, ...packagesIn(typesOf)])].sort()
  await writeFile(
    join(target, 'package.json'),
    `${JSON.stringify(await manifestOf(packages, ofSite.exports), null, 2)}\n`,
  )
  await cp(join(repository, 'LICENSE'), join(target, 'LICENSE'))
  await writeFile(join(target, 'THIRD-PARTY-NOTICES'), await noticesOf(ofSite.bundled))
  await cp(join(repository, 'dev/package/README.md'), join(target, 'README.md'))
  for (const [name, source] of Object.entries(folders)) {
    await cp(join(repository, source), join(target, name), { recursive: true })
  }
}
