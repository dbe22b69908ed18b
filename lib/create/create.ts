import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Answers, WrongAnswer } from './answers.ts'
import { type FunctionTexts, filesOf } from './files.ts'

/** Where this package keeps the texts of its functions: in the package, or in its repository. */
const functionFolders = ['../template/functions', '../../netlify/functions']

/**
 * Writes a new site into a folder, which must be empty or new. Returns the paths of the files.
 *
 * @throws WrongAnswer if the folder has something in it
 */
export async function createSite(
  directory: string,
  answers: Answers,
  { version, functions }: { readonly version: string; readonly functions?: FunctionTexts },
): Promise<readonly string[]> {
  const target = resolve(directory)
  const present = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR') throw new WrongAnswer(`${basename(target)} is a file`)
    throw error
  })
  if (present.length > 0) throw new WrongAnswer(`${basename(target)} is not empty: name a new folder`)
  const files = filesOf(answers, { version, functions: functions ?? (await functionTexts()) })
  for (const [path, text] of Object.entries(files)) {
    const file = join(target, path)
    await mkdir(dirname(file), { recursive: true })
    // Only the user may read the secret.
    await writeFile(file, text, { flag: 'wx', mode: path === '.env' ? 0o600 : 0o644 })
  }
  return Object.keys(files)
}

/** Reads the functions of this package. */
export async function functionTexts(): Promise<FunctionTexts> {
  for (const folder of functionFolders.map((path) => join(import.meta.dirname, path))) {
    const names = await readdir(folder).catch(() => [])
    const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    if (sources.length === 0) continue
    const texts = sources.map(async (name) => [name.slice(0, -3), await readFile(join(folder, name), 'utf8')] as const)
    return Object.fromEntries(await Promise.all(texts))
  }
  throw new Error('the package has no functions: install it again')
}
