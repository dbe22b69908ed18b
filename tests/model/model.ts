import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { createGrants } from '../../lib/oauth/grants/grants.ts'
import { createPersonEnd } from '../../lib/oauth/grants/person-end.ts'
import type { Subject } from './callers.ts'
import { explore, shortest, type Violation } from './explore.ts'
import { nextId } from './ids.ts'
import type { Scenario } from './scenario.ts'
import { ScenarioRun } from './scenario-run.ts'

/** The code of the repository. */
export const subject: Subject = { createGrants, createPersonEnd }

export interface Judged {
  readonly scenarios: number
  readonly states: number
  readonly steps: number
  readonly schedules: bigint
  readonly violation?: Violation & { readonly scenario: string }
}

/**
 * Explores scenarios until one breaks an invariant. That one is told by its shortest script.
 *
 * @param onScenario called after each scenario, with how much there was to explore
 */
export async function judge(
  scenarios: readonly Scenario[],
  code: Subject = subject,
  onScenario: (scenario: Scenario, states: number) => void = () => {},
): Promise<Judged> {
  return withoutWaiting(async () => {
    const sum = { scenarios: 0, states: 0, steps: 0, schedules: 0n }
    for (const scenario of scenarios) {
      const begin = () => new ScenarioRun(scenario, code)
      const { states, steps, schedules, violation } = await explore(begin, scenario.faults)
      sum.scenarios += 1
      sum.states += states
      sum.steps += steps
      sum.schedules += schedules
      onScenario(scenario, states)
      if (!violation) continue
      const told = (await shortest(begin, scenario.faults, violation.script.length)) ?? violation
      return { ...sum, violation: { ...told, scenario: scenario.name } }
    }
    return sum
  })
}

/** A violation as a person reads it. */
export function tell({ scenario, script, broken }: Violation & { readonly scenario: string }): string {
  return [scenario, ...script.map((says, index) => `${index + 1}. ${says}`), `→ ${broken}`].join('\n')
}

/**
 * Pauses between attempts take no time, since the exploration decides what happens when. Random IDs are numbers, so that equal states
 * look equal. Errors need no stack.
 */
async function withoutWaiting<T>(work: () => Promise<T>): Promise<T> {
  const { setTimeout } = globalThis
  const { stackTraceLimit } = Error
  const atOnce = (callback: () => void) => queueMicrotask(callback)
  const { randomUUID } = crypto
  Object.assign(globalThis, { setTimeout: atOnce })
  Object.assign(crypto, { randomUUID: nextId })
  syncBuiltinESMExports()
  Error.stackTraceLimit = 0
  try {
    return await work()
  } finally {
    Object.assign(globalThis, { setTimeout })
    Object.assign(crypto, { randomUUID })
    syncBuiltinESMExports()
    Error.stackTraceLimit = stackTraceLimit
  }
}
