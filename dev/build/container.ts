/** `npm run build:container`: writes what the container image runs. It needs nothing but Node. */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { repository } from '../repository.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { buildInChild } from './build-in-child.ts'
import { format, requireBanner } from './bundle.ts'

const usage = `npm run build:container

Writes the functions as Netlify would run them, server.mjs, which runs them, and the migrations of the database. docs/deploy/container.md says more.

  --out <folder>   a new or empty folder; default dist/container`

const ours = join(repository, 'dist/container')
const { out = ours } = readOptions(usage, { out: { type: 'string' } })
const target = resolve(out)
if (target === ours) await rm(ours, { recursive: true, force: true })
else if ((await readdir(target).catch(() => [])).length > 0) throw new Explained(`${target} is not empty`)
await mkdir(target, { recursive: true })

const folder = temporaryFolder()
try {
  // Netlify's build tool writes the artifact outside of the repository only.
  const { directory } = await buildInChild({ outDir: folder.path })
  await cp(directory, join(target, 'functions'), { recursive: true, verbatimSymlinks: true })
} finally {
  await folder.remove()
}
const { outputFiles } = await build({
  ...format,
  absWorkingDir: repository,
  entryPoints: [{ in: join(repository, 'dev/serve/container.ts'), out: 'server' }],
  outdir: target,
  outExtension: { '.js': '.mjs' },
  chunkNames: 'server-chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  // The driver of PostgreSQL is CommonJS.
  banner: { js: requireBanner },
  write: false,
})
for (const { path, contents } of outputFiles) {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, contents)
}
await cp(join(repository, 'netlify/database/migrations'), join(target, 'migrations'), { recursive: true })
console.log(`${target}: run it with node server.mjs`)
