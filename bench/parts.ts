import { migrate } from '../dev/postgres/migrate.ts'
import { startPostgres } from '../dev/postgres/server.ts'
import type { Settings } from '../dev/start/local-env.ts'
import { startWorld, type World } from '../dev/start/world.ts'
import { measureBlobsCpu, measureCpu } from './cpu.ts'
import { targetOf } from './driver.ts'
import type { Figure } from './figures.ts'
import { type Artifacts, bundleFigures, measureColdStarts, measureMemory, startBareHost } from './footprint.ts'
import { measureKit } from './kit.ts'
import { type Bounds, measureLoad } from './load.ts'
import { type McpPlan, measureMcp } from './mcp.ts'
import { memoryOf } from './process-usage.ts'
import { measureRoundTrips } from './round-trips.ts'
import { measureSigning } from './signing.ts'
import { measureStores } from './stores.ts'
import { measureSweep } from './sweep.ts'
import { measureUsage, measureUsageOnPostgres, type UsagePlan, usageSettings } from './usage.ts'
import { measureRecorder, measureRollUp } from './usage-roll-up.ts'

/** In the order in which they are shown. */
export const parts = [
  'round-trips',
  'footprint',
  'cpu',
  'signing',
  'kit',
  'load',
  'sweep',
  'mcp',
  'usage',
  'usage-postgres',
  'stores',
] as const
export type Part = (typeof parts)[number]

const inOneWorld: readonly Part[] = ['round-trips', 'cpu', 'load', 'sweep']

/** How much of everything is measured. */
export interface Plan {
  readonly roundTrips: number
  readonly load: Bounds
  readonly cold: number
  readonly memory: number
  readonly cpu: { readonly rounds: number; readonly repetitions: number }
  readonly sweep: readonly number[]
  readonly mcp: McpPlan
  readonly usage: UsagePlan
}

type Progress = (what: string) => void

/** Measures one part after the other, each alone on the machine. */
export async function measureParts(
  artifacts: Artifacts,
  chosen: readonly Part[],
  plan: Plan,
  progress: Progress,
): Promise<Figure[]> {
  const figures = new Map<Part, readonly Figure[]>()
  const measure = async (part: Part, work: () => Promise<readonly Figure[]>) => {
    if (chosen.includes(part)) figures.set(part, await work())
  }
  await measure('footprint', async () => {
    const coldStarts = await measureColdStarts(artifacts, plan.cold, progress)
    progress('memory after boot')
    return [...bundleFigures(artifacts), ...coldStarts, ...(await measureMemory(artifacts, plan.memory))]
  })
  await measure('signing', () => {
    progress('signing on the main thread and in the thread pool')
    return measureSigning(plan.cpu)
  })
  await measure('kit', () => {
    progress('the resource server kit beside jose')
    return measureKit(plan.cpu)
  })
  if (chosen.some((part) => inOneWorld.includes(part))) {
    await withWorld(artifacts, async (world) => {
      const afterBoot = memoryUnderLoad(world, 'after boot')
      await measure('round-trips', () => {
        progress('store round trips')
        return measureRoundTrips(world, plan.roundTrips)
      })
      await measure('cpu', async () => {
        const blobs = world.emulator.clientOptions()
        progress('CPU in process')
        const cpu = await measureCpu({ ...plan.cpu, blobs })
        progress('CPU of a Blobs operation')
        return [...cpu, ...(await measureBlobsCpu({ ...plan.cpu, blobs }))]
      })
      await measure('load', async () => {
        const load = await loadBeside(world, artifacts, plan.load, progress)
        return [afterBoot, memoryUnderLoad(world, 'after the run'), ...load]
      })
      // The last: it empties the store.
      await measure('sweep', () => {
        progress('sweep')
        return measureSweep(world, plan.sweep)
      })
    })
  }
  await measure('mcp', () =>
    withWorld(artifacts, (world) => measureMcp({ world, artifact: artifacts.ours }, plan.mcp, progress)),
  )
  await measure('usage', async () => {
    const recorder = await measureRecorder(plan.cpu)
    const rollUp = await measureRollUp(plan.usage.dayOfCalls, progress)
    const pages = await withWorld(artifacts, (world) => measureUsage(world, plan.usage, progress), usageSettings)
    return [...recorder, ...rollUp, ...pages]
  })
  await measure('usage-postgres', async () => {
    const server = await startPostgres({})
    try {
      await migrate(server.url())
      const url = await server.create('usage', 'postgres')
      const settings = { ...usageSettings, STORE_BACKEND: 'postgres', DATABASE_URL: url }
      const on = { url, progress }
      return await withWorld(artifacts, (world) => measureUsageOnPostgres(world, plan.usage, on), settings)
    } finally {
      await server.stop()
    }
  })
  await measure('stores', () => measureStores(artifacts, plan, progress))
  return parts.flatMap((part) => figures.get(part) ?? [])
}

async function withWorld<T>(
  { ours }: Artifacts,
  work: (world: World) => Promise<T>,
  settings: Settings = {},
): Promise<T> {
  const world = await startWorld({ artifact: ours, settings, onOutput: () => {} })
  try {
    return await work(world)
  } finally {
    await world.stop()
  }
}

function memoryUnderLoad(world: World, name: string): Figure {
  const value = memoryOf(targetOf(world).pid)
  return { section: 'Memory of the function host, under load', name, value, unit: 'MB' }
}

/** The service and, in a host of its own, the empty function. */
async function loadBeside(world: World, artifacts: Artifacts, bounds: Bounds, progress: Progress): Promise<Figure[]> {
  const host = await startBareHost(artifacts.empty)
  try {
    const empty = { url: host.url, secret: '', pid: host.pid }
    return await measureLoad({ service: targetOf(world), empty }, bounds, progress)
  } finally {
    await host.stop()
  }
}
