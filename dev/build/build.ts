import { mkdir, readdir, rm } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { basename, join, resolve } from 'node:path'
import { zipFunctions } from '@netlify/zip-it-and-ship-it'
import { build, type Metafile } from 'esbuild'
import { repository } from '../repository.ts'

export { repository }

/** One function after esbuild: everything it needs in one file, nothing left to resolve but Node's own modules. */
export interface Bundle {
  readonly name: string
  /** Bytes of the minified bundle, before Netlify adds its bootstrap. */
  readonly bytes: number
  /** Files that contribute to the bundle, with the bytes that each contributes; paths relative to the repository. */
  readonly inputs: Readonly<Record<string, number>>
}

export interface Artifact {
  /** Holds one folder per function, each with Netlify's own entry point and bootstrap. */
  readonly directory: string
  readonly manifestPath: string
  readonly functions: readonly Bundle[]
}

/**
 * Bundles every function of `functionsDirectory` into `outDir/<name>.mjs`. Bundling before Netlify's own tracing keeps
 * the cold start near that of an empty function. There is no `require` banner: Netlify's build adds its own, which
 * CommonJS dependencies then find.
 *
 * @throws if something does not compile, or if a bundle would need a package at run time.
 */
export async function bundleFunctions(options: {
  readonly outDir: string
  readonly functionsDirectory?: string
}): Promise<readonly Bundle[]> {
  const directory = options.functionsDirectory ?? join(repository, 'netlify/functions')
  const files = (await readdir(directory)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  await rm(options.outDir, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: files.map((name) => join(directory, name)),
    outdir: options.outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    alias: { '@modelcontextprotocol/server/_shims': join(repository, 'lib/mcp/sdk-defaults.ts') },
    metafile: true,
    logLevel: 'silent',
  })
  return Object.entries(metafile.outputs)
    .map(([path, output]) => toBundle(path, output))
    .sort((a, b) => a.name.localeCompare(b.name))
}

function toBundle(path: string, output: Metafile['outputs'][string]): Bundle {
  const name = basename(path, '.mjs')
  const missing = output.imports.filter(({ path, external }) => external && !isBuiltin(path)).map(({ path }) => path)
  if (missing.length > 0) throw new Error(`${name} would need ${missing.join(', ')} at run time`)
  const inputs = Object.entries(output.inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const)
  return { name, bytes: output.bytes, inputs: Object.fromEntries(inputs) }
}

const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier)

/**
 * Makes the artifact that Netlify would deploy, unzipped: bundles first, then Netlify's own build on the bundles.
 * `outDir` is outside the repository, so that a package that did not make it into the artifact cannot be found by
 * walking up to `node_modules`.
 *
 * @throws if `outDir` is inside the repository, or the build fails.
 */
export async function buildFunctions(options: {
  readonly outDir: string
  readonly functionsDirectory?: string
}): Promise<Artifact> {
  const outDir = resolve(options.outDir)
  if (`${outDir}/`.startsWith(`${repository}/`)) throw new Error('the artifact is built outside the repository')
  const bundles = join(outDir, 'bundles')
  const directory = join(outDir, 'functions')
  const manifestPath = join(directory, 'manifest.json')
  const functions = await bundleFunctions({ ...options, outDir: bundles })
  await mkdir(directory, { recursive: true })
  await zipFunctions(bundles, directory, {
    archiveFormat: 'none',
    basePath: outDir,
    repositoryRoot: outDir,
    manifest: manifestPath,
  })
  return { directory, manifestPath, functions }
}
