import { mkdir } from 'node:fs/promises'
import type { Packages } from '../../../dev/install-packages.ts'
import type { World } from '../../../dev/start/world.ts'
import type { Cell } from '../table.ts'
import { type Check, stale, unexpected } from './checks.ts'
import { notApplicable } from './not-applicable.ts'
import { openSuite } from './suite.ts'

export interface SuiteResult {
  readonly cells: readonly Cell[]
  /** The problems of all runs; empty if all passed. */
  readonly problems: readonly string[]
  readonly output: string
}

/**
 * Runs the official suite at the MCP endpoint and the authorization server, for every revision: the released version,
 * and the next one, which has more checks and the newest revision.
 *
 * @param folder a new folder for the output, which the caller removes
 */
export async function runSuite(world: World, packages: Packages, folder: string): Promise<SuiteResult> {
  const cells: Cell[] = []
  const problems: string[] = []
  const allChecks: Check[] = []

  async function run(client: string, step: string, work: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
    const began = performance.now()
    const checks = await work().catch((error: Error) => error)
    const milliseconds = performance.now() - began
    const wrong = checks instanceof Error ? [checks.message] : unexpected(checks, notApplicable)
    const outcome = wrong.length === 0 ? 'ok' : 'failed'
    cells.push({ client, step, outcome, milliseconds, ...(outcome === 'failed' && { reason: 'see below' }) })
    problems.push(...wrong.map((what) => `${client}, ${step}: ${what}`))
    return checks instanceof Error ? [] : checks
  }

  await mkdir(folder)
  const released = await openSuite(world, packages, 'conformance-0.1', folder)
  const next = await openSuite(world, packages, 'conformance-0.2', folder)
  for (const [suite, revisions] of [
    [released, ['all']],
    [next, ['2025-06-18', '2025-11-25', '2026-07-28', 'all']],
  ] as const) {
    const name = `conformance ${suite.version}, server`
    const checks: Check[] = []
    for (const revision of revisions) checks.push(...(await run(name, revision, () => suite.server(revision))))
    const scenarios = await suite.serverScenarios()
    problems.push(...(scenarios.length === 0 ? [`${name}: it lists no scenarios`] : []))
    problems.push(...scenarios.filter((scenario) => !ran(scenario, checks)).map((one) => `${name}: ${one} did not run`))
    allChecks.push(...checks)
  }
  problems.push(...stale(allChecks, notApplicable))

  const name = `conformance ${next.version}, authorization server`
  for (const revision of ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']) {
    const checks = await run(name, revision, () => next.authorization(revision))
    // The suite also prints a tick if it tried no code grant.
    if (!ran('authorization-code-grant', checks)) problems.push(`${name}, ${revision}: no code grant was tried`)
  }
  return { cells, problems, output: released.output() + next.output() }
}

const ran = (scenario: string, checks: readonly Check[]) => checks.some((check) => check.scenario === scenario)
