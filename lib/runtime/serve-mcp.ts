import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import { paths } from '../oauth/capabilities.ts'
import { createBlobsStore } from '../store/blobs.ts'
import type { Configuration } from './configuration.ts'
import { keysOf } from './keys.ts'
import { log } from './log.ts'
import { serveWith } from './serve.ts'
import type { Site } from './site.ts'

/** Milliseconds for a whole request: the platform ends a function at 60 s. */
const deadline = 55_000

/** The `mcp` function. */
export const serveMcp = serveWith(compose, (endpoint, request, context) =>
  endpoint.fetch(request, {
    signal: deadlineSignal(),
    requestId: context.requestId,
    waitUntil: (work) => context.waitUntil(work),
    ip: context.ip,
  }),
)

async function compose(configuration: Configuration, site: Site): Promise<McpEndpoint> {
  const { issuer, resource, brand, documentationUrl, mcp } = configuration
  const { publicKeys } = await keysOf(configuration, createBlobsStore({ name: site.storeName }))
  return createMcpEndpoint({
    issuer,
    resource,
    resourceMetadataUrl: issuer + paths.protectedResourceMetadataOfMcp,
    documentationUrl,
    requireAuth: mcp.requireAuth,
    publicKeys,
    tool: mcp.tool,
    // Without a key Kapa refuses, and the tool says so; the configuration problem is in the log.
    kapa: { ...mcp.kapa, apiKey: mcp.kapa.apiKey ?? '', clientName: 'mcp-oauth-broker' },
    serverInfo: { name: 'mcp-oauth-broker', version: '0.1.0', title: brand.productName, websiteUrl: documentationUrl },
    allowedOrigins: mcp.allowedOrigins ?? [],
    log,
  })
}

/**
 * Not `AbortSignal.timeout`: Node 24 may lose it once it is combined with others by `AbortSignal.any` (nodejs/node#65995),
 * as the MCP SDK does.
 */
function deadlineSignal(): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new DOMException('the request ran out of time', 'TimeoutError')), deadline).unref()
  return controller.signal
}
