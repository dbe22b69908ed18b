import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { repository } from '../../dev/repository.ts'
import type { Subject } from './callers.ts'
import type { SeededFault } from './seeded-faults.ts'

const room = join(repository, 'lib/oauth/grants')

/**
 * Runs work with the code of `lib/oauth/grants/`, copied into a folder of its own and changed in one place. The folder is below
 * the repository, so that the copy finds the packages.
 */
export async function withFault<T>(
  { file, from, to }: SeededFault,
  work: (subject: Subject) => Promise<T>,
): Promise<T> {
  mkdirSync(join(repository, '.local'), { recursive: true })
  const copy = mkdtempSync(join(repository, '.local/model-'))
  try {
    for (const name of readdirSync(room).filter((each) => !each.endsWith('.test.ts'))) {
      const source = readFileSync(join(room, name), 'utf8')
      if (name === file && source.split(from).length !== 2)
        throw new Error(`${file} does not hold exactly once: ${from}`)
      const changed = name === file ? source.replace(from, () => to) : source
      const linked = changed.replace(
        /from '\.\.\/(\.\.\/)?/g,
        (_, up) => `from '${pathToFileURL(join(room, up ? '../..' : '..'))}/`,
      )
      writeFileSync(join(copy, name), linked)
    }
    const at = (name: string) => pathToFileURL(join(copy, name)).href
    const [{ createGrants }, { createPersonEnd }] = await Promise.all([
      import(at('grants.ts')),
      import(at('person-end.ts')),
    ])
    return await work({ createGrants, createPersonEnd })
  } finally {
    rmSync(copy, { recursive: true })
  }
}
