import { startWorld, type World, type WorldOptions } from '../../dev/start/world.ts'
import { builtArtifact } from './artifact.ts'

export interface Stack extends World {
  /** Every line that the functions have printed, as a log drain would hold it. */
  readonly logs: readonly string[]
}

/** The whole system on free ports, in memory, running this test run's artifact. The test stops it. */
export async function startStack(options: Omit<WorldOptions, 'artifact' | 'onOutput'> = {}): Promise<Stack> {
  const logs: string[] = []
  const world = await startWorld({ ...options, artifact: builtArtifact(), onOutput: (line) => logs.push(line) })
  return { ...world, logs }
}
