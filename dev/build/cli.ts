/** `npm run build`: what `netlify.toml` deploys. Netlify's own build then turns each bundle into a function. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readOptions } from '../options.ts'
import { bundleFunctions, repository } from './build.ts'
import { published } from './published.ts'

readOptions('npm run build\n\nWrites what netlify.toml deploys: dist/functions and dist/site.', {})

const site = join(repository, 'dist/site')
await mkdir(site, { recursive: true })
await writeFile(join(site, published.path), published.text)

for (const { name, bytes } of await bundleFunctions({ outDir: join(repository, 'dist/functions') })) {
  console.log(`dist/functions/${name}.mjs ${bytes.toLocaleString('en')} bytes`)
}
