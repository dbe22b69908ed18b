/** `npm run build`: what `netlify.toml` deploys. Netlify's own build then turns each bundle into a function. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFunctions, repository } from './build.ts'

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>MCP sign-in service</title>
<p>This host signs people in to a documentation MCP server. Its MCP endpoint is <code>/mcp</code>;
it describes itself at <a href="/.well-known/oauth-protected-resource/mcp">/.well-known/oauth-protected-resource/mcp</a>.
</html>
`

const site = join(repository, 'dist/site')
await mkdir(site, { recursive: true })
await writeFile(join(site, 'index.html'), page)

for (const { name, bytes } of await bundleFunctions({ outDir: join(repository, 'dist/functions') })) {
  console.log(`dist/functions/${name}.mjs ${bytes.toLocaleString('en')} bytes`)
}
