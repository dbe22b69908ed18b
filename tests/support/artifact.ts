import { inject } from 'vitest'
import type { Artifact } from '../../dev/build/build.ts'

/**
 * The functions as built for this test run.
 *
 * @throws the build's error if it failed
 */
export function builtArtifact(): Artifact {
  const artifact = inject('artifact')
  if ('error' in artifact) throw new Error(`the functions do not build:\n${artifact.error}`)
  return artifact
}
