/** `npm run build`: writes what `netlify.toml` deploys. Netlify's own build then packs each bundle as a function. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { bundleFunctions, sumOf } from './bundle.ts'
import { published } from './published.ts'

readOptions(
  `npm run build

Writes what netlify.toml deploys: dist/functions and dist/site.

  BUILD_DOCS_SITE=true   an environment variable: also writes the documentation site, as npm run site does`,
  {},
)
const withDocs = process.env.BUILD_DOCS_SITE ?? ''
if (!['', 'true', 'false'].includes(withDocs)) throw new Explained('BUILD_DOCS_SITE must be true or false')

const site = join(repository, 'dist/site')
await mkdir(site, { recursive: true })
await writeFile(join(site, published.path), published.text)

for (const { name, bytes, files } of await bundleFunctions({ outDir: join(repository, 'dist/functions') })) {
  const atStart = sumOf(files.filter((file) => file.atStart))
  const [all, first] = [bytes, atStart].map((count) => count.toLocaleString('en'))
  console.log(`dist/functions/${name}: ${all} bytes, of which ${first} are loaded at once`)
}

if (withDocs === 'true') {
  const { base, buildSite } = await import('../site/build.ts')
  const { pages } = await buildSite(site, (what) => console.log(`documentation: ${what} …`))
  console.log(`dist/site${base}: ${pages} pages`)
}
