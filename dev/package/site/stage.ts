import { execFile } from 'node:child_process'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { bundleFunctions, format, requireBanner } from '../../build/bundle.ts'
import { repository } from '../../repository.ts'

/** The name of the entry for tests of a site. */
const testing = 'testing'

/** What a container runs, in the package. */
export const containerFolder = 'container'

const declaration = `/** Answers a request, as Netlify calls a function. */
declare const handler: (request: Request, context: object) => Promise<Response>
export default handler
`

export interface StagedSite {
  /** Its places in `exports`. */
  readonly exports: Readonly<Record<string, object>>
  /** The files in the bundle of the local world. */
  readonly bundled: readonly string[]
}

/**
 * Writes what a docs-MCP site of its own uses: the functions, bundled as this repository deploys them, the program of a container, and the
 * local world for its tests. They need no other package.
 */
export async function stageSite(target: string): Promise<StagedSite> {
  const functions = await bundleFunctions({ outDir: join(target, 'netlify') })
  const container = [join(repository, 'dev/run.mjs'), 'build:container', '--out', join(target, containerFolder)]
  await promisify(execFile)(process.execPath, container)
  const entries = functions.map(({ name }) => [`./netlify/${name}`, `./netlify/${name}/${name}`] as const)
  for (const [, path] of entries) await writeFile(join(target, `${path}.d.mts`), declaration)
  const { metafile } = await build({
    ...format,
    minify: false,
    absWorkingDir: repository,
    entryPoints: [{ in: join(repository, 'dev/package/site/index.ts'), out: 'index' }],
    outdir: join(target, testing),
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    // The OpenID Provider is partly CommonJS.
    banner: { js: requireBanner },
  })
  await cp(join(repository, 'dev/package/site/types.d.ts'), join(target, testing, 'index.d.mts'))
  const places = Object.fromEntries(
    [...entries, [`./${testing}`, `./${testing}/index`] as const].map(([entry, path]) => [
      entry,
      { types: `${path}.d.mts`, default: `${path}.mjs` },
    ]),
  )
  return { exports: places, bundled: Object.keys(metafile.inputs) }
}
