import type { Target } from './driver.ts'
import type { Figure } from './figures.ts'
import { type Bounds, measureUnits, type Unit } from './load.ts'
import { type NextPerson, peopleFor, signIn } from './people.ts'
import { ask, type Revision } from './question.ts'

export interface McpTargets {
  /** With the limit of questions that is the default. */
  readonly limited: Target
  readonly unlimited: Target
}

/** Questions per second, whose upstream answers at once, by people who are known already. */
export async function measureMcpLoad(
  { limited, unlimited }: McpTargets,
  bounds: Bounds,
  onProgress: (name: string) => void,
): Promise<Figure[]> {
  // Whoever asks the limited host does so one at a time and fifty at a time, each time with as much again to warm up.
  const next = await signIn(limited, peopleFor(4 * bounds.requests))
  const units = [
    { unit: asking('2025-11-25', 'without a limit', next), target: unlimited },
    { unit: asking('2026-07-28', 'without a limit', next), target: unlimited },
    { unit: asking('2026-07-28', 'limited', next), target: limited },
  ]
  return measureUnits('Questions per second at /mcp', units, bounds, onProgress)
}

const asking = (revision: Revision, how: string, next: NextPerson): Unit => ({
  name: `${revision}, ${how}`,
  prepare: async (driver) => () => ask(driver, next(), revision),
})
