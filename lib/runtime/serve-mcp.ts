import { randomBytes } from 'node:crypto'
import { startDeadline } from '../deadline.ts'
import { countedAs } from '../limits/address.ts'
import { createCounter } from '../limits/counter.ts'
import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import type { CallLimits } from '../mcp/rate-limit.ts'
import { paths } from '../oauth/capabilities.ts'
import { isGrantLive } from '../oauth/grants/status.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { createBlobsStore } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import type { WindowLimit } from './configuration/limits.ts'
import type { Configuration } from './configuration.ts'
import { identity } from './identity.ts'
import { keysOf } from './keys.ts'
import { log } from './log.ts'
import { serveWith } from './serve.ts'
import type { Site } from './site.ts'

/** Milliseconds for a whole request: the platform ends a function at 60 s. */
const deadline = 55_000

/** The `mcp` function. */
export const serveMcp = serveWith(compose, async (endpoint, request, context) => {
  const { signal, end } = startDeadline(deadline)
  const response = await endpoint.fetch(request, { signal, requestId: context.requestId, address: context.ip })
  return whenSent(response, end)
})

/** The answer, telling when the last of it has gone out, or its reader has gone away. */
function whenSent(response: Response, done: () => void): Response {
  const reader = response.body?.getReader()
  if (!reader) {
    done()
    return response
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = await reader.read()
        if (!chunk.done) return controller.enqueue(chunk.value)
        controller.close()
      } catch (error) {
        controller.error(error)
      }
      done()
    },
    cancel(reason) {
      done()
      return reader.cancel(reason)
    },
  })
  return new Response(body, response)
}

async function compose(configuration: Configuration, site: Site): Promise<McpEndpoint> {
  const { issuer, resource, brand, documentationUrl, mcp } = configuration
  const store = createBlobsStore({ name: site.storeName })
  const { publicKeys } = await keysOf(configuration, store)
  return createMcpEndpoint({
    issuer,
    resource,
    resourceMetadataUrl: issuer + paths.protectedResourceMetadataOfMcp,
    documentationUrl,
    requireAuth: mcp.requireAuth,
    publicKeys,
    isGrantLive: (grant, signal) => isGrantLive(store, grant, signal),
    limits: callLimits(configuration, store),
    tool: mcp.tool,
    // Without a key Kapa refuses, and the tool says so; the configuration problem is in the log.
    kapa: { ...mcp.kapa, apiKey: mcp.kapa.apiKey ?? '', clientName: identity.name },
    serverInfo: { ...identity, title: brand.productName, websiteUrl: documentationUrl },
    allowedOrigins: mcp.allowedOrigins ?? [],
    log,
  })
}

function callLimits({ issuer, mcp, flow }: Configuration, store: Store): CallLimits {
  // Misconfigured, so that there is no secret, each instance counts by itself: nobody is let in without a limit.
  const key = flow ? deriveKey(flow.secrets.current, issuer, 'limits').bytes : randomBytes(32)
  const exempt = flow?.limits.exempt ?? []
  const counter = (name: string, window: WindowLimit) =>
    createCounter({ store, name, ...window, key, now: Date.now, log, listFirst: true })
  const byUser = (window: WindowLimit) => ({ ...window, hit: counter('mcp-users', window).hit })
  const byAddress = (window: WindowLimit) => {
    const name = 'mcp-addresses'
    const { hit } = counter(name, window)
    return {
      ...window,
      async hit(address: string, signal: AbortSignal) {
        const counted = countedAs(address, exempt)
        if (counted === undefined) log('limit_unavailable', { limit: name, reason: 'no address' })
        return counted ? hit(counted, signal) : null
      },
    }
  }
  const { user, address } = mcp.limits
  return { ...(user && { user: byUser(user) }), ...(address && { address: byAddress(address) }) }
}
