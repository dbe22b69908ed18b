import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BuildFailed, buildInChild } from '../../dev/build/build-in-child.ts'
import { repository } from '../../dev/repository.ts'

async function build(source: string, outDir?: string) {
  const functionsDirectory = await mkdtemp(join(tmpdir(), 'build-test-'))
  onTestFinished(() => rm(functionsDirectory, { recursive: true }))
  await writeFile(join(functionsDirectory, 'example.ts'), source)
  return buildInChild({ outDir: outDir ?? join(functionsDirectory, 'out'), functionsDirectory })
}

test('a compile error names its file and line', async () => {
  const failure = build('export default () => new Response()\nexport const config = {{\n')
  await expect(failure).rejects.toThrow(BuildFailed)
  await expect(failure).rejects.toThrow(/example\.ts:2:\d+: ERROR/)
})

test('a missing package fails the build, not the deployed function', async () => {
  await expect(build(`import 'no-such-package'\nexport default () => new Response()`)).rejects.toThrow(
    /no-such-package/,
  )
})

test('an artifact is not built where it would find packages of the repository', async () => {
  const inside = join(repository, 'dist/artifact')
  await expect(build('export default () => new Response()', inside)).rejects.toThrow(/outside the repository/)
})

test('an aborted build ends', async () => {
  const stopping = new AbortController()
  const building = buildInChild({ outDir: join(tmpdir(), 'never-built'), signal: stopping.signal })
  stopping.abort()
  await expect(building).rejects.toThrow(BuildFailed)
})

test('a CommonJS package in a bundle finds the modules of Node', async () => {
  const functionsDirectory = await mkdtemp(join(tmpdir(), 'build-test-'))
  onTestFinished(() => rm(functionsDirectory, { recursive: true }))
  await writeFile(join(functionsDirectory, 'package.cjs'), `module.exports = require('node:path').sep`)
  await writeFile(
    join(functionsDirectory, 'example.ts'),
    `import separator from './package.cjs'\nexport default async () => (await import('./later.ts')).later(separator)`,
  )
  await writeFile(join(functionsDirectory, 'later.ts'), `export const later = (text) => text + text`)
  const { directory } = await buildInChild({ outDir: join(functionsDirectory, 'out'), functionsDirectory })
  const built: { default: () => Promise<string> } = await import(join(directory, 'example/example.mjs'))
  expect(await built.default()).toBe('//')
})
