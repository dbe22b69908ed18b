import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../../lib/settings/reader.ts'
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { parseEnvFile } from '../start/env-file.ts'
import { pageFor } from './page.ts'

const usage = `npm run reader-page

The page that tells readers of the documentation how to connect an AI client, in Markdown, for your documentation site.
Without options, writes docs/how-to-use-these-docs.md: the page for the default settings.

  --env <file>       print the page for the settings in this file (.env). MCP_OAUTH_ISSUER says where the service is;
                     secrets and keys may be left out. npm run -s reader-page prints nothing else.
  --export <url>     with --env: name a whole export of the documentation, such as its llms-full.txt; may be repeated
  --markdown-pages   with --env: say that every page of the documentation is there as Markdown, at its address with .md`

const page = 'docs/how-to-use-these-docs.md'

const options = readOptions(usage, {
  env: { type: 'string' },
  export: { type: 'string', multiple: true, default: [] },
  'markdown-pages': { type: 'boolean', default: false },
})
const site = { exports: options.export, markdownPages: options['markdown-pages'] }
if (options.env !== undefined) {
  process.stdout.write(await pageFor(settingsIn(options.env), site))
} else {
  if (site.exports.length > 0 || site.markdownPages) throw new Explained('--export and --markdown-pages need --env.')
  writeFileSync(join(repository, page), await pageFor({}))
  console.log(`${page}: written, for the default settings. --env .env prints the page for yours.`)
}

function settingsIn(file: string): Environment {
  const { settings, problems } = parseEnvFile(read(file))
  if (problems.length > 0) throw new Explained(`${file}: ${problems.join('; ')}.`)
  return settings
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Explained(`${file} cannot be read.`)
  }
}
