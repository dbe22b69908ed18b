/** Runs before commands of others, such as vitest: a shell only says that it does not find them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Explained } from './explained.ts'
import { notInstalled } from './not-installed.ts'
import { repository } from './repository.ts'

for (const name of ['vitest', '@biomejs/biome', 'typescript']) {
  if (!existsSync(join(repository, 'node_modules', name))) throw new Explained(notInstalled(name))
}
