import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { examplePage, pageFor } from './page.ts'
import { settingsIn } from './settings-in.ts'

const usage = `npm run reader-page

Writes docs/connecting.md, the guide for people who connect an AI client, for the default settings.
With --env, prints the same guide for your settings, in Markdown, for your documentation site.

  --env <file>       the file with your settings (.env). MCP_OAUTH_ISSUER says where the service is. Secrets and keys may
                     be left out. npm run -s reader-page prints only the guide.
  --export <url>     with --env: list a whole export of the documentation, such as its llms-full.txt; may be repeated
  --markdown-pages   with --env: say that every page of the documentation also exists as Markdown, at its address with .md`

const page = 'docs/connecting.md'

const options = readOptions(usage, {
  env: { type: 'string' },
  export: { type: 'string', multiple: true, default: [] },
  'markdown-pages': { type: 'boolean', default: false },
})
const site = { exports: options.export, markdownPages: options['markdown-pages'] }
if (options.env !== undefined) {
  process.stdout.write(await pageFor(settingsIn(options.env), { site }))
} else {
  if (site.exports.length > 0 || site.markdownPages) throw new Explained('--export and --markdown-pages need --env.')
  writeFileSync(join(repository, page), await examplePage())
  console.log(`Wrote ${page} for the default settings. --env .env prints the guide for yours.`)
}
