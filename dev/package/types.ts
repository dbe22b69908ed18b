import { execFile } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { Explained } from '../explained.ts'
import { repository } from '../repository.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { outputOf } from './output.ts'

/**
 * Writes the declarations of each source, and those that they import. Returns the specifiers of packages that they import.
 *
 * @throws Explained with what `tsc` says
 */
export async function writeTypes(sources: readonly string[], target: string): Promise<readonly string[]> {
  const folder = temporaryFolder()
  try {
    await declare(sources, folder.path)
    const texts = await reached(
      sources.map((source) => `${outputOf(source)}.d.ts`),
      join(folder.path, 'types'),
    )
    for (const [path, text] of texts) {
      await cp(join(folder.path, 'types', path), join(target, path))
      await writeFile(join(target, path), text.replaceAll(relativeSpecifier, "$1'$2.js'"))
    }
    return [...texts.values()].flatMap((text) => specifiersIn(text)).filter((specifier) => !specifier.startsWith('.'))
  } finally {
    await folder.remove()
  }
}

/** What `pg` does not declare itself. */
const ambient = ['lib/store/postgres/pg-client.d.ts']

/** Runs `tsc`, which writes the declarations of everything that the sources import. */
async function declare(sources: readonly string[], folder: string): Promise<void> {
  const configuration = {
    extends: join(repository, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: join(repository, 'lib'),
      outDir: join(folder, 'types'),
      typeRoots: [join(repository, 'node_modules/@types')],
    },
    files: [...sources, ...ambient].map((source) => join(repository, source)),
    include: [],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
  const tsc = join(repository, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch((error: { stdout?: string }) => {
    throw new Explained(`The types of the package do not compile.\n${error.stdout ?? ''}`)
  })
}

/** The text of each declaration file that these files reach, by its path. */
async function reached(files: readonly string[], folder: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  const visit = async (path: string): Promise<void> => {
    if (texts.has(path)) return
    const text = await readFile(join(folder, path), 'utf8')
    texts.set(path, text)
    for (const specifier of specifiersIn(text).filter((specifier) => specifier.startsWith('.'))) {
      await visit(relative(folder, join(folder, dirname(path), specifier)).replace(/\.ts$/, '.d.ts'))
    }
  }
  for (const file of files) await visit(file)
  return texts
}

/** The specifiers of `import`, `export … from` and `import()` in a declaration file, whose comments may show more. */
function specifiersIn(text: string): readonly string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '')
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, specifier = '']) => specifier)
}

/** A relative import of a source. The package has the `.js` of it. */
const relativeSpecifier = /(\b(?:from|import)\s*\(?\s*)['"](\.[^'"]+)\.ts['"]/g
