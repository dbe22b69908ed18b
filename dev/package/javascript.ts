import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { repository } from '../repository.ts'
import { keptOut, letIn, packagesKeptOut } from './entries.ts'
import { outputOf } from './output.ts'

/**
 * Writes the JavaScript of each source: a file for each, and chunks for what they share. Returns the packages that it imports.
 *
 * esbuild and not `tsc`, because an application loads one file instead of fifty, because the inner files stay private, and
 * because the list of imports is the list of dependencies. The code is not minified: developers read it in their debugger.
 *
 * @throws if a source reaches code or a package that must not get into the package
 */
export async function writeJavaScript(sources: readonly string[], target: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: sources.map((source) => ({ in: join(repository, source), out: outputOf(source) })),
    outdir: target,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node22',
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
  })
  const unwanted = Object.keys(metafile.inputs).filter((path) =>
    keptOut.some((room) => path.startsWith(`lib/${room}/`) && !letIn.includes(path)),
  )
  if (unwanted.length > 0) throw new Error(`the package would contain ${unwanted.join(', ')}`)
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  return packagesIn(imported.map(({ path }) => path))
}

/** The packages among specifiers of imports, each once. */
export function packagesIn(specifiers: readonly string[]): readonly string[] {
  const names = specifiers
    .filter(
      (specifier) =>
        !specifier.startsWith('.') && !specifier.startsWith('node:') && !builtinModules.includes(specifier),
    )
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
  const unwanted = names.filter((name) => packagesKeptOut.test(name))
  if (unwanted.length > 0) throw new Error(`the package would need ${unwanted.join(', ')}`)
  return [...new Set(names)].sort()
}
