import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { withDeadline } from '../../lib/base/deadline.ts'
import { siteOf } from '../../lib/netlify/site.ts'
import { log } from '../../lib/service/log.ts'
import { storeOf } from '../../lib/service/store.ts'
import { published } from '../build/published.ts'
import { startFunctionServer } from '../host/function-server.ts'
import { startScheduler } from '../start/schedule.ts'
import { arriveAt } from './arrival.ts'
import type { ServeSettings } from './settings.ts'
import { takeTurn } from './turns.ts'

/** Milliseconds for which a container that stops waits for its requests: longer than a question and its usage event take. */
const patience = 65_000
/** Milliseconds until a container knows whether it has the turn of a scheduled function. */
const turnDeadline = 8000
/** Bytes of request bodies in memory at once. No function accepts a body of more than 6 MB. */
const maxBuffered = 64 * 1024 * 1024

const production = { id: 'container', context: 'production', published: true, branch: 'main' }
/** A container has no Blobs. */
const noBlobs = { siteID: 'container', token: '', edgeURL: '', uncachedEdgeURL: '' }

/** A service that runs in this process. */
export interface Service {
  readonly port: number
  /**
   * Stops: the service says that it is not ready, still accepts requests for a while, and lets all of them finish.
   *
   * @returns how many requests it had to give up
   */
  stop(): Promise<number>
}

/**
 * Runs the built functions as a service outside of Netlify: on all network addresses of this machine, for
 * `MCP_OAUTH_ISSUER`, in the context of production.
 *
 * @throws Error if the port is taken or the artifact cannot be read
 */
export async function serve(
  artifact: { readonly directory: string; readonly manifestPath: string },
  { port, issuer, proxies, delay: seconds, scheduled }: ServeSettings,
): Promise<Service> {
  let leaving = false
  const surroundings = { issuer, proxies, isLeaving: () => leaving }
  const server = await startFunctionServer({
    ...artifact,
    platform: { deploy: production, blobs: noBlobs },
    files: { [published.path]: published.text },
    port,
    addresses: [],
    arrive: (request) => arriveAt(request, surroundings),
    maxBuffered,
  })

  async function callScheduled(name: string, minute: Date): Promise<void> {
    try {
      if (await withDeadline(turnDeadline, (signal) => takeTurn(turns(issuer), name, minute, signal))) {
        const url = new URL(`${issuer}/.netlify/functions/${name}`)
        await server.call(name, {
          url,
          address: '127.0.0.1',
          method: 'POST',
          headers: { 'x-request-id': randomUUID() },
        })
      }
    } catch (error) {
      log('schedule_failed', { function: name, error: String(error) })
    }
  }

  const scheduler = scheduled ? startScheduler(async () => server.functions, callScheduled) : null
  return {
    port: server.port,
    async stop() {
      leaving = true
      const scheduleEnded = scheduler?.stop()
      await delay(seconds * 1000)
      server.close()
      const finished = Promise.all([server.drained(), scheduleEnded]).then(() => true)
      await Promise.race([finished, delay(patience)])
      return server.unfinished()
    },
  }
}

const noOtherHosts = { proxyHosts: [], previewDomains: [] }

/** The store of the service, which decides whose turn it is. */
function turns(issuer: string) {
  const deploy = { context: production.context, siteName: '', siteUrl: issuer }
  const site = siteOf(new URL(issuer).host, { MCP_OAUTH_ISSUER: issuer }, deploy, noOtherHosts)
  if (!site) throw new Error('the issuer has no site')
  return storeOf(site)
}
