import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { zipFunctions } from '@netlify/zip-it-and-ship-it'
import { repository } from '../repository.ts'
import { type Bundle, bundleFunctions, includedFiles } from './bundle.ts'

export interface Artifact {
  /** Holds one folder per function, each with Netlify's own entry point and bootstrap. */
  readonly directory: string
  readonly manifestPath: string
  readonly functions: readonly Bundle[]
}

/**
 * Makes the artifact that Netlify would deploy, unzipped: esbuild bundles, then Netlify's own build packs the bundles.
 * `outDir` is outside the repository, so that the functions cannot find a missing package in `node_modules` above them.
 *
 * @throws if `outDir` is inside the repository, or the build fails.
 */
export async function buildFunctions(options: {
  readonly outDir: string
  readonly functionsDirectory?: string | undefined
  readonly skillsFolder?: string | undefined
}): Promise<Artifact> {
  const outDir = resolve(options.outDir)
  if (`${outDir}/`.startsWith(`${repository}/`)) throw new Error('the artifact is built outside the repository')
  const functions = await bundleFunctions({ ...options, outDir: bundlesIn(outDir) })
  return pack(outDir, functions)
}

/** The folder of the bundles from which `pack` makes an artifact. */
export const bundlesIn = (outDir: string): string => join(outDir, 'bundles')

/** Packs bundles as Netlify's own build does. */
export async function pack(outDir: string, functions: readonly Bundle[]): Promise<Artifact> {
  const bundles = bundlesIn(outDir)
  const directory = join(outDir, 'functions')
  const manifestPath = join(directory, 'manifest.json')
  await mkdir(directory, { recursive: true })
  const settings = functions.map(({ name }) => [
    name,
    { nodeBundler: 'none', includedFiles: [includedFiles('bundles', name)], includedFilesBasePath: outDir } as const,
  ])
  await zipFunctions(bundles, directory, {
    archiveFormat: 'none',
    basePath: outDir,
    repositoryRoot: outDir,
    manifest: manifestPath,
    config: Object.fromEntries(settings),
  })
  return { directory, manifestPath, functions }
}
