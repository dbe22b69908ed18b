/** Checks that the tools are installed before npm runs one, such as vitest. A shell would only say "command not found". */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Explained } from './explained.ts'
import { notInstalled } from './not-installed.ts'
import { repository } from './repository.ts'

for (const name of ['vitest', '@biomejs/biome', 'typescript']) {
  if (!existsSync(join(repository, 'node_modules', name))) throw new Explained(notInstalled(name))
}
