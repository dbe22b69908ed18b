import type { Artifact } from '../dev/build/build.ts'
import { startHost } from '../dev/host/start.ts'
import type { Settings } from '../dev/start/local-env.ts'
import type { World } from '../dev/start/world.ts'
import { type Target, targetOf } from './driver.ts'
import type { Figure } from './figures.ts'
import { startInstantUpstream } from './instant-upstream.ts'
import type { Bounds } from './load.ts'
import { measureMcpLoad } from './mcp-load.ts'
import { type Batches, measureMcpMemory, watchMemory } from './mcp-memory.ts'
import { measureOverhead } from './mcp-overhead.ts'

export interface McpPlan {
  /** How often each kind of question is asked for the overhead. */
  readonly overhead: number
  readonly load: Bounds
  readonly memory: Batches
}

const unlimited = { MCP_USER_LIMIT: '0' }

/** `/mcp` through the artifact: what it adds to Kapa's answer, what it bears, and whether its memory grows. */
export async function measureMcp(
  { world, artifact }: { readonly world: World; readonly artifact: Artifact },
  plan: McpPlan,
  onProgress: (name: string) => void,
): Promise<Figure[]> {
  onProgress('overhead of /mcp')
  const service = targetOf(world)
  const figures = await measureOverhead({ service, kapaUrl: world.kapa.url }, plan.overhead)

  const upstream = await startInstantUpstream()
  const cleanups = [upstream.stop]
  const blobs = world.emulator.clientOptions()
  /** A host beside the world's, in front of the same store, whose upstream answers at once. */
  async function hostWith(settings: Settings, onOutput: (line: string) => void = () => {}): Promise<Target> {
    const env = { ...world.environment, KAPA_MCP_SERVER_URL: upstream.url, ...settings }
    const { port, pid, stop } = await startHost({ artifact, port: 0, env, blobs, onOutput })
    cleanups.unshift(stop)
    return { ...service, port, pid }
  }
  try {
    const targets = { limited: await hostWith({}), unlimited: await hostWith(unlimited) }
    figures.push(...(await measureMcpLoad(targets, plan.load, onProgress)))

    onProgress('memory of /mcp')
    const watch = watchMemory()
    const watched = await hostWith({ ...unlimited, ...watch.environment }, watch.onOutput)
    figures.push(...(await measureMcpMemory({ host: watched, service }, watch, plan.memory)))
    return figures
  } finally {
    for (const cleanup of cleanups) await cleanup()
  }
}
