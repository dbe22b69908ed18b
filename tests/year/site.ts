import { vi } from 'vitest'
import { startBlobsEmulator } from '../../dev/blobs/emulator.ts'
import { startOpenIdProvider } from '../../dev/oidc/provider.ts'
import { serve } from '../../dev/worlds/mcp-endpoint.ts'
import type { McpEndpoint } from '../../lib/mcp/endpoint.ts'
import type { AuthorizationServer } from '../../lib/oauth/authorization-server.ts'
import { composeAuthorizationServer } from '../../lib/service/authorization-server.ts'
import { maintain } from '../../lib/service/maintenance.ts'
import { composeMcpEndpoint } from '../../lib/service/mcp-endpoint.ts'
import { runUsage } from '../../lib/service/usage.ts'
import { readConfiguration } from '../../lib/settings/configuration.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import type { Site } from '../../lib/settings/site.ts'
import { type BlobsStore, createBlobsStore } from '../../lib/store/blobs/blobs.ts'

/** One instance of the functions, which keeps its copies of keys and lists for as long as it lives. */
interface Instance {
  readonly oauth: Pick<AuthorizationServer, 'fetch'>
  readonly mcp: McpEndpoint
}

/** A deployed site whose clock the test sets: the functions, Netlify Blobs and an OpenID Provider, in this process. */
export interface YearSite {
  readonly issuer: string
  readonly store: BlobsStore
  readonly storeName: string
  /** The lines of the log since the start. */
  readonly lines: readonly string[]
  /** Moves the clock of every part. Milliseconds since the epoch. */
  setTime(now: number): void
  /** Deploys with these settings. Instances of the deploy before stay. */
  deploy(settings: Readonly<Record<string, string>>): Promise<void>
  /** Starts an instance of the current deploy in place of the oldest one. */
  renewInstance(): Promise<void>
  /** Runs what the platform runs by the clock, and returns how many requests to the store that took. */
  maintain(): Promise<number>
  countUsage(): Promise<number>
  /** Waits for everything that goes on after an answer. */
  settle(): Promise<void>
  stop(): Promise<void>
}

const instances = 3
export const day = 86_400_000

export async function startYearSite(start: number): Promise<YearSite> {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
  const lines: string[] = []
  const output = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  const before = { ...process.env }
  const emulator = await startBlobsEmulator()
  const running: Instance[] = []
  const background = new Set<Promise<unknown>>()
  let requests = 0

  const { url: issuer, stop: stopServer } = await serve(async (request) => {
    // Requests go to the instances in turn, as at the platform.
    const instance = running[requests++ % running.length]
    if (!instance) throw new Error('nothing is deployed')
    const call = {
      ...{ signal: AbortSignal.timeout(30_000), requestId: `r${requests}`, address: '127.0.0.1' },
      waitUntil: (work: Promise<unknown>) => {
        const caught = work.catch(() => undefined).finally(() => background.delete(caught))
        background.add(caught)
      },
    }
    const isMcp = new URL(request.url).pathname === '/mcp'
    return isMcp ? instance.mcp.fetch(request, call) : instance.oauth.fetch(request, call)
  })
  const provider = await startOpenIdProvider({ port: 0, redirectUris: [`${issuer}/mcp/callback`] })
  const { edgeURL, uncachedEdgeURL, siteID, token } = emulator.clientOptions()
  const storeName = 'year'
  const site: Site = { issuer, storeName, production: true }
  const always = {
    NETLIFY_BLOBS_CONTEXT: Buffer.from(JSON.stringify({ edgeURL, uncachedEdgeURL, siteID, token })).toString('base64'),
    ...{ UPSTREAM_ISSUER: provider.issuer, UPSTREAM_CLIENT_ID: provider.clientId, KAPA_API_KEY: 'key' },
    ...{ MCP_OAUTH_SECRET: newSecret(), MCP_OAUTH_OWN_HOST: 'true', REQUIRE_WORK_EMAIL: 'false' },
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
  }

  async function newInstance(): Promise<Instance> {
    const configuration = readConfiguration(process.env, site)
    if (!configuration.signIn) throw new Error(configuration.problems.map(({ text }) => text).join('\n'))
    const [oauth, mcp] = [
      await composeAuthorizationServer(configuration, site),
      await composeMcpEndpoint(configuration, site),
    ]
    return { oauth, mcp }
  }

  async function counted(work: Promise<unknown>): Promise<number> {
    const first = emulator.operations().at(-1)?.sequence ?? 0
    await work
    return (emulator.operations().at(-1)?.sequence ?? 0) - first
  }

  async function settle(): Promise<void> {
    while (background.size > 0) await Promise.all(background)
  }

  return {
    issuer,
    storeName,
    store: createBlobsStore({ name: storeName, client: emulator.clientOptions() }),
    lines,
    setTime: (now) => void vi.setSystemTime(now),
    async deploy(settings) {
      Object.assign(process.env, always, settings)
      while (running.length < instances) running.push(await newInstance())
    },
    async renewInstance() {
      running.shift()
      running.push(await newInstance())
    },
    maintain: () => counted(maintain(site)),
    countUsage: () => counted(runUsage(site)),
    settle,
    async stop() {
      await settle()
      await stopServer()
      await provider.stop()
      await emulator.stop()
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
      output.mockRestore()
      vi.useRealTimers()
    },
  }
}
