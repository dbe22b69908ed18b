import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Artifact } from '../../dev/build/build.ts'
import { buildInChild } from '../../dev/build/build-in-child.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    artifact: Artifact | { readonly error: string }
  }
}

/**
 * Builds the functions once for all tests of a run. A failed build fails the tests that ask for the artifact, and
 * only those: the unit tests may well say why. All processes that the tests start share Node's cache of compiled code,
 * because starting them is a large part of a run.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const outDir = await mkdtemp(join(tmpdir(), 'mcp-oauth-broker-test-'))
  process.env.NODE_COMPILE_CACHE = join(outDir, 'compiled')
  const artifact = await buildInChild({ outDir, skillsFolder: 'dev/skills/sample' }).catch((error: Error) => ({
    error: error.message,
  }))
  project.provide('artifact', artifact)
  return async () => {
    delete process.env.NODE_COMPILE_CACHE
    // A process that a test has killed may still be writing its compiled code.
    await rm(outDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}
