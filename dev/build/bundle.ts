import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { repository } from '../repository.ts'
import { withoutUnusedMethods } from './blobs-client.ts'
import { withSkills } from './deployed-skills.ts'
import { withoutUnusedSchemas } from './mcp-sdk.ts'
import { joinedPostgresClient } from './postgres-client.ts'
import { joinStart, loadedAtStart } from './start-file.ts'
import { withoutJsonSchemas } from './zod.ts'

/** One file of a function after esbuild. */
export interface BundleFile {
  /** Relative to the folder of the function: `oauth.mjs` or `chunks/….mjs`. */
  readonly path: string
  readonly bytes: number
  /** True for the entry file; false for a chunk, which is loaded when needed. */
  readonly atStart: boolean
  /** The sources in this file, with the bytes that each contributes; paths relative to the repository. */
  readonly inputs: Readonly<Record<string, number>>
}

/** One function after esbuild: an entry file and its chunks, which need nothing but Node's own modules. */
export interface Bundle {
  readonly name: string
  /** Bytes of all files, minified, before Netlify adds its bootstrap. */
  readonly bytes: number
  readonly files: readonly BundleFile[]
}

/** How esbuild writes what runs in production. */
export const format = {
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  logLevel: 'silent',
} as const

/**
 * `require` for a CommonJS package in the bundle, since Netlify's `none` bundler adds none. Only then: to load
 * `node:module` costs a cold start time.
 */
export const requireBanner =
  "import{createRequire as createRequireOfBundle}from'node:module';const require=createRequireOfBundle(import.meta.url);"
/** A part of the function that esbuild puts in the place of a `require` which it cannot resolve itself. */
const requireStandIn = 'Dynamic require of'

/** The files beside its entry file that Netlify has to pack with a function; `netlify.toml` says the same. */
export const includedFiles = (folder: string, name: string): string => `${folder}/${name}/chunks/*`

/**
 * Bundles each function of `functionsDirectory` into `outDir/<name>/<name>.mjs`, with `chunks/` beside it for what a
 * dynamic `import()` loads. Each function has chunks of its own, because Netlify packs each function by itself.
 *
 * @param options `skillsFolder`: of the skills of this deploy, in the repository; by default the one in `MCP_SKILLS_DIR`
 * @throws if a source does not compile, if a bundle would need a package at run time, or if a skill cannot be published.
 */
export async function bundleFunctions(options: {
  readonly outDir: string
  readonly functionsDirectory?: string | undefined
  readonly skillsFolder?: string | undefined
}): Promise<readonly Bundle[]> {
  const {
    outDir,
    skillsFolder = folderOfSkills(),
    functionsDirectory: directory = join(repository, 'netlify/functions'),
  } = options
  const files = (await readdir(directory)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort()
  await rm(outDir, { recursive: true, force: true })
  // Loaded only for skills: most deploys have none.
  const skills = skillsFolder
    ? await (await import('../skills/read-skills.ts')).readSkills(repository, skillsFolder)
    : undefined
  return Promise.all(
    files.map((file) =>
      bundleFunction(join(directory, file), file.slice(0, -'.ts'.length), outDir, withSkills(skills)),
    ),
  )
}

/** The setting, which the functions read, too. */
function folderOfSkills(): string | undefined {
  const { MCP_SKILLS_DIR: folder } = process.env
  return folder?.trim()
}

async function bundleFunction(entryPoint: string, name: string, outDir: string, skills: Plugin): Promise<Bundle> {
  const folder = join(outDir, name)
  const split = await build({
    ...format,
    absWorkingDir: repository,
    entryPoints: [{ in: entryPoint, out: name }],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    alias: { '@modelcontextprotocol/server/_shims': join(repository, 'lib/mcp/sdk-defaults.ts') },
    plugins: [withoutUnusedSchemas, withoutJsonSchemas, withoutUnusedMethods, joinedPostgresClient, skills],
    metafile: true,
    write: false,
  })
  const outputs = withAbsolutePaths(split.metafile.outputs)
  requireSelfContained(name, outputs)
  const needsRequire = split.outputFiles.some(({ text }) => text.includes(requireStandIn))
  const entry = join(folder, `${name}.mjs`)
  const atStart = loadedAtStart(entry, outputs)
  const texts = await joinStart(
    {
      entry,
      atStart,
      texts: new Map(split.outputFiles.map(({ path, text }) => [path, text])),
      exports: new Map(Object.entries(outputs).map(([path, output]) => [path, output.exports])),
    },
    { ...format, banner: { js: needsRequire ? requireBanner : '' } },
  )
  await mkdir(join(folder, 'chunks'), { recursive: true })
  const files = [...texts].map(async ([path, text]): Promise<BundleFile> => {
    await writeFile(path, text)
    const sources = path === entry ? [...atStart] : [path]
    return {
      path: relative(folder, path),
      bytes: Buffer.byteLength(text),
      atStart: path === entry,
      inputs: Object.fromEntries(sources.flatMap((source) => inputsOf(outputs[source]))),
    }
  })
  const written = await Promise.all(files)
  return { name, bytes: sumOf(written), files: written }
}

function withAbsolutePaths(outputs: Metafile['outputs']): Metafile['outputs'] {
  const absolute = (path: string) => resolve(repository, path)
  const entries = Object.entries(outputs).map(([path, output]) => {
    const imports = output.imports.map((one) => (one.external ? one : { ...one, path: absolute(one.path) }))
    return [absolute(path), { ...output, imports }] as const
  })
  return Object.fromEntries(entries)
}

type Output = Metafile['outputs'][string]

const inputsOf = (output: Output | undefined) =>
  Object.entries(output?.inputs ?? {}).map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const)

/** @throws if the bundle would need a package at run time */
function requireSelfContained(name: string, outputs: Metafile['outputs']): void {
  const imports = Object.values(outputs).flatMap((output) => output.imports)
  const missing = imports.filter(({ path, external }) => external && !isBuiltin(path)).map(({ path }) => path)
  if (missing.length > 0) throw new Error(`${name} would need ${missing.join(', ')} at run time`)
}

export const sumOf = (files: readonly BundleFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0)

const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier)
