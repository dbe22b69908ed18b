/** `npm run site` makes the documentation site; `-- --serve` shows it on this machine. */
import { join } from 'node:path'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { base, buildSite } from './build.ts'
import { serveFolder } from './serve.ts'

const options = readOptions(
  `npm run site

Makes the documentation site from docs/, in dist/site/docs. The first run installs what it needs.

  --serve   then shows it at http://localhost:8899/docs/ until Ctrl-C`,
  { serve: { type: 'boolean', default: false } },
)
const directory = join(repository, 'dist/site')
const { pages, searched } = await buildSite(directory, (what) => console.log(`${what} …`))
console.log(`dist/site${base}: ${pages} pages. The search finds ${searched} of them.`)
if (options.serve) {
  const { origin } = await serveFolder(directory, 8899)
  console.log(`${origin}${base} (Ctrl-C ends it)`)
}
