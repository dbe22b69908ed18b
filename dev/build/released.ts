import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'
import * as v from 'valibot'
import { repository } from '../repository.ts'
import { type Artifact, bundlesIn, pack } from './build.ts'
import { bundleFunctions } from './bundle.ts'

/** Holds the functions of released versions, each in one file of about 300 KB, for the tests of a deploy and of a rollback. */
export const releasedFolder = join(repository, 'tests/released')

const releaseSchema = v.object({
  version: v.string(),
  /** When it was kept, as `yyyy-mm-dd`. */
  keptAt: v.string(),
  /** The bundled files of the functions, by their path below the folder of the bundles. */
  files: v.record(v.string(), v.string()),
})

/**
 * Keeps the functions of this working tree as a released version, compressed.
 *
 * @param outDir an empty folder outside the repository
 * @returns the path of the file
 */
export async function keepRelease(version: string, outDir: string): Promise<string> {
  const bundles = bundlesIn(outDir)
  await bundleFunctions({ outDir: bundles })
  const files: Record<string, string> = {}
  for (const entry of await readdir(bundles, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(bundles.length + 1)] = await readFile(path, 'utf8')
  }
  const release = { version, keptAt: new Date().toISOString().slice(0, 10), files }
  const file = join(releasedFolder, `${version}.json.br`)
  await mkdir(releasedFolder, { recursive: true })
  await writeFile(file, brotliCompressSync(JSON.stringify(release)))
  return file
}

/** Returns the kept versions, the newest first. */
export async function keptReleases(): Promise<readonly string[]> {
  const names = (await readdir(releasedFolder)).filter((name) => name.endsWith('.json.br'))
  return names.map((name) => name.slice(0, -'.json.br'.length)).sort((a, b) => compareVersions(b, a))
}

const compareVersions = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })

/**
 * Makes the artifact of a kept version, as it was deployed.
 *
 * @param outDir an empty folder outside the repository
 */
export async function unpackRelease(version: string, outDir: string): Promise<Artifact> {
  const compressed = await readFile(join(releasedFolder, `${version}.json.br`))
  const { files } = v.parse(releaseSchema, JSON.parse(brotliDecompressSync(compressed).toString()))
  for (const [path, text] of Object.entries(files)) {
    const file = join(bundlesIn(outDir), path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const names = new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))
  return pack(
    outDir,
    [...names].map((name) => ({ name, bytes: 0, files: [] })),
  )
}
