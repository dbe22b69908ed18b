import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { repository } from '../repository.ts'

/** Finds the Markdown files of `docs/`. Returns their paths from the root of the repository, sorted. */
export async function documents(): Promise<string[]> {
  const names = await readdir(join(repository, 'docs'), { recursive: true })
  return names
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort()
}
