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

/** Measures questions per second. The upstream answers at once, and the server already knows the people who ask. */
export async function measureMcpLoad(
  { limited, unlimited }: McpTargets,
  bounds: Bounds,
  onProgress: (name: string) => void,
): Promise<Figure[]> {
  // The limited host gets two runs, one question at a time and fifty at a time. Each run warms up with as many again.
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
