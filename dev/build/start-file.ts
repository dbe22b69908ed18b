import { basename, dirname, join, relative } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'

/** Files that esbuild has made of one function with `splitting`. All paths are absolute. */
export interface SplitFiles {
  readonly entry: string
  /** The entry file and, transitively, the chunks that it imports with a static `import`. */
  readonly atStart: ReadonlySet<string>
  readonly texts: ReadonlyMap<string, string>
  readonly exports: ReadonlyMap<string, readonly string[]>
}

/** Finds what esbuild's entry file loads at once. */
export function loadedAtStart(entry: string, outputs: Metafile['outputs']): ReadonlySet<string> {
  const loaded = new Set([entry])
  for (const path of loaded) {
    for (const { kind, path: imported, external } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && !external) loaded.add(imported)
    }
  }
  return loaded
}

/**
 * Joins all that a function loads at once into its entry file, since each further file costs a cold start time. esbuild
 * puts what the entry file and a dynamic `import()` share into a chunk of its own. Here the entry file exports the same,
 * and the chunks that are loaded when needed import it from there.
 *
 * @returns the new texts, by the paths of the entry file and of the chunks that are loaded when needed
 */
export async function joinStart(files: SplitFiles, options: BuildOptions): Promise<ReadonlyMap<string, string>> {
  const { entry, atStart, texts } = files
  const later = [...texts.keys()].filter((path) => !atStart.has(path))
  const joined = [entry, ...later].map(async (path) => {
    const { outputFiles } = await build({
      ...options,
      entryPoints: [path === entry ? startPath : path],
      outdir: dirname(path),
      bundle: true,
      write: false,
      plugins: [inMemory(files, path)],
    })
    return [path, outputFiles[0]?.text ?? ''] as const
  })
  return new Map(await Promise.all(joined))
}

/** Finds the names that one of esbuild's files imports from the files that `isFrom` accepts. */
const importedNames = (text: string, isFrom: (specifier: string) => boolean): readonly string[] =>
  [...text.matchAll(/import\{([^}]*)\}from"([^"]+)"/g)]
    .filter(([, , specifier = '']) => isFrom(specifier))
    .flatMap(([, names = '']) => names.split(',').map((name) => name.split(' as ')[0] ?? ''))

/** Stands for the new entry file, which has the exports of all that is loaded at once. */
const startPath = 'start'

/** Stands for all that one file imports from the entry file, so that one `import` names it. */
const fromEntry = 'from-entry'

/** Resolves what one file imports: into the same file, from the entry file, or from a file that stays apart. */
function inMemory({ entry, atStart, texts, exports }: SplitFiles, target: string): Plugin {
  const shared = [...atStart].filter((path) => path !== entry)
  const later = [...texts].filter(([path]) => !atStart.has(path))
  const nameOf = (path: string, name: string) => `${name}_${shared.indexOf(path).toString(36)}`
  const reexport = (names: readonly string[], from: string) => `export{${names}}from${JSON.stringify(from)};`
  /** The exports of a file that some of the other files import. No other export is kept. */
  const importedBy = (importers: typeof later, path: string) => {
    const used = importers.flatMap(([importer, text]) =>
      importedNames(text, (from) => join(dirname(importer), from) === path),
    )
    return (exports.get(path) ?? []).filter((name) => used.includes(name))
  }
  const own = later.filter(([path]) => path === target)
  const start = [
    reexport(exports.get(entry) ?? [], entry),
    ...shared.map((path) => {
      const names = importedBy(later, path).map((name) => `${name} as ${nameOf(path, name)}`)
      return reexport(names, path)
    }),
  ].join('')
  const outside = (path: string) => {
    const from = relative(dirname(target), path)
    return { path: from.startsWith('.') ? from : `./${from}`, external: true }
  }
  return {
    name: 'join-start',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^start$/ }, () => ({ path: startPath, namespace: 'start' }))
      onResolve({ filter: /^from-entry$/ }, () => ({ path: fromEntry, namespace: fromEntry }))
      onResolve({ filter: /^[./]/ }, ({ path: specifier, importer, kind }) => {
        const path = specifier.startsWith('/') ? specifier : join(dirname(importer), specifier)
        if (kind === 'entry-point') return { path, namespace: 'own' }
        if (kind === 'dynamic-import' || !atStart.has(path)) return outside(path)
        return { path, namespace: target === entry ? 'own' : 'joined' }
      })
      onLoad({ filter: /.*/, namespace: 'start' }, () => ({ contents: start, resolveDir: dirname(entry) }))
      onLoad({ filter: /.*/, namespace: 'own' }, ({ path }) => ({
        contents: texts.get(path) ?? '',
        resolveDir: dirname(path),
      }))
      onLoad({ filter: /.*/, namespace: 'joined' }, ({ path }) => ({
        contents: reexport(
          importedBy(own, path).map((name) => `${nameOf(path, name)} as ${name}`),
          fromEntry,
        ),
      }))
      onLoad({ filter: /.*/, namespace: fromEntry }, () => ({
        contents: reexport(
          shared.flatMap((path) => importedBy(own, path).map((name) => nameOf(path, name))),
          `entry:${basename(entry)}`,
        ),
      }))
      onResolve({ filter: /^entry:/ }, () => outside(entry))
    },
  }
}
