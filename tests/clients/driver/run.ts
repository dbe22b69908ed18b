import { readdir } from 'node:fs/promises'
import { NotApplicable } from './check.ts'
import type { ClientProfile } from './profile.ts'
import { type Step, type StepName, stepNames, stepsOf } from './steps.ts'
import type { ProfileStack } from './world.ts'

export interface StepResult {
  /** The client and its way. */
  readonly client: string
  readonly step: StepName
  readonly outcome: 'ok' | 'failed' | 'not applicable'
  /** The reason for every outcome except `ok`. */
  readonly reason?: string
  readonly milliseconds: number
}

/** Runs all steps of a client, once for each of its ways. A step fails if an earlier step did not provide its input. */
export async function runProfile(profile: ClientProfile, stack: ProfileStack): Promise<readonly StepResult[]> {
  const results: StepResult[] = []
  const mcpUrl = `${stack.mcpUrl}${profile.finalSlash === true ? '/' : ''}`
  for (const way of profile.ways) {
    const client = profile.ways.length === 1 ? profile.name : `${profile.name}, ${way.name}`
    const steps = stepsOf(profile, way, { ...stack, mcpUrl })
    for (const step of stepNames) {
      const began = performance.now()
      const ended = await attempt(steps[step])
      results.push({ client, step, ...ended, milliseconds: performance.now() - began })
    }
  }
  return results
}

async function attempt(step: Step): Promise<Pick<StepResult, 'outcome' | 'reason'>> {
  try {
    await step()
    return { outcome: 'ok' }
  } catch (error) {
    const outcome = error instanceof NotApplicable ? 'not applicable' : 'failed'
    return { outcome, reason: error instanceof Error ? error.message : String(error) }
  }
}

const folder = new URL('../profiles/', import.meta.url)

/** Loads every profile: the default export of each file in the folder. */
export async function readProfiles(): Promise<readonly ClientProfile[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort()
  return Promise.all(
    files.map(async (name) => {
      const { default: profile }: { readonly default: ClientProfile } = await import(new URL(name, folder).href)
      return profile
    }),
  )
}
