import { startDeadline } from '../deadline.ts'
import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import { paths } from '../oauth/capabilities.ts'
import { isGrantLive } from '../oauth/grants/status.ts'
import { createBlobsStore } from '../store/blobs.ts'
import type { Configuration } from './configuration.ts'
import { keysOf } from './keys.ts'
import { log } from './log.ts'
import { serveWith } from './serve.ts'
import type { Site } from './site.ts'

/** Milliseconds for a whole request: the platform ends a function at 60 s. */
const deadline = 55_000

/** The `mcp` function. */
export const serveMcp = serveWith(compose, async (endpoint, request, context) => {
  const { signal, end } = startDeadline(deadline)
  const response = await endpoint.fetch(request, { signal, requestId: context.requestId })
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
    tool: mcp.tool,
    // Without a key Kapa refuses, and the tool says so; the configuration problem is in the log.
    kapa: { ...mcp.kapa, apiKey: mcp.kapa.apiKey ?? '', clientName: 'mcp-oauth-broker' },
    serverInfo: { name: 'mcp-oauth-broker', version: '0.1.0', title: brand.productName, websiteUrl: documentationUrl },
    allowedOrigins: mcp.allowedOrigins ?? [],
    log,
  })
}
