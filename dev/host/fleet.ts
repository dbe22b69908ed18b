import { type Balancer, startBalancer } from './balancer.ts'
import { type Host, type StartHostOptions, startHost } from './start.ts'

export interface Fleet {
  /** The hosts that answer now. */
  hosts(): readonly Host[]
  /** Starts a new host in place of one that was killed. */
  restart(index: number): Promise<void>
  /**
   * Replaces the hosts by ones with another artifact. Resolves when they answer. The old hosts finish their requests.
   */
  replace(artifact: StartHostOptions['artifact']): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts one host at the port, or several behind it that take turns.
 *
 * @param options.keepAlive replaces a host that dies, as the platform replaces an instance
 */
export async function startFleet(
  options: StartHostOptions & { readonly count: number; readonly keepAlive: boolean },
): Promise<Fleet> {
  const { count, keepAlive } = options
  let { artifact } = options
  const everStarted: Host[] = []
  const hosts: Host[] = []
  const expectedToEnd = new Set<Host>()
  let balancer: Balancer | undefined
  let stopped = false

  async function place(index: number): Promise<void> {
    const host = await startHost({ ...options, artifact, port: count === 1 ? options.port : 0 })
    if (stopped) return host.stop()
    everStarted.push(host)
    hosts[index] = host
    if (!keepAlive) return
    host.exited
      .then(() => (expectedToEnd.has(host) ? undefined : place(index)))
      .catch((error: unknown) => console.error('The function host ended, and no other could be started:', error))
  }

  async function stop(): Promise<void> {
    stopped = true
    for (const host of everStarted) expectedToEnd.add(host)
    await balancer?.stop()
    await Promise.all(everStarted.map((host) => host.stop()))
  }

  try {
    for (let index = 0; index < count; index++) await place(index)
    if (count > 1) balancer = await startBalancer(options.port, () => hosts.map((host) => host.port))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    hosts: () => [...hosts],
    restart: place,
    async replace(next) {
      artifact = next
      for (const [index, host] of hosts.entries()) {
        expectedToEnd.add(host)
        await host.retire()
        await place(index)
      }
    },
    stop,
  }
}
