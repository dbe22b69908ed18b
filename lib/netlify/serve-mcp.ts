import { startDeadline } from '../base/deadline.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import { paths } from '../oauth/capabilities.ts'
import { grantStatus } from '../oauth/grants/status.ts'
import { preflightResponse, withCommonHeaders } from '../resource-server/web-pages.ts'
import { createAccountTools } from '../service/account-tools.ts'
import { createCallLimits } from '../service/call-limits.ts'
import { createTools } from '../service/documentation-tools.ts'
import { identity } from '../service/identity.ts'
import { keysOf } from '../service/keys.ts'
import { log } from '../service/log.ts'
import { storeOf } from '../service/store.ts'
import type { Configuration } from '../settings/configuration.ts'
import { readTools } from '../settings/tools.ts'
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
  const tools = readTools(process.env, brand, issuer)
  if (tools.problems.length > 0) return outOfService
  const store = storeOf(site)
  const { publicKeys } = keysOf(configuration, store)
  return createMcpEndpoint({
    issuer,
    resource,
    resourceMetadataUrl: issuer + paths.protectedResourceMetadataOfMcp,
    documentationUrl,
    requireAuth: mcp.requireAuth,
    publicKeys,
    grantStatus: (grant, signal) => grantStatus(store, grant, signal),
    limits: createCallLimits(configuration, tools.plans, store),
    // Without a key Kapa refuses, and the tool says so; the configuration problem is in the log.
    tools: [...createTools(tools, mcp.kapaApiKey ?? ''), ...createAccountTools(tools, configuration, store)],
    lazyAuth: tools.lazyAuth,
    signInScopes: tools.askAllScopes ? configuration.scopesOffered : [],
    requireWorkEmail: tools.requireWorkEmail,
    serverInfo: {
      ...identity,
      title: brand.productName,
      websiteUrl: documentationUrl,
      instructions: tools.instructions,
    },
    allowedOrigins: mcp.allowedOrigins,
    log,
  })
}

/** A mistake in the settings of the tools: what they would do is not what somebody wanted, so they do nothing. */
const outOfService: McpEndpoint = {
  fetch: async (request) =>
    withCommonHeaders(
      request,
      request.method === 'OPTIONS'
        ? preflightResponse()
        : jsonResponse(
            { error: 'temporarily_unavailable', message: 'This server is not configured correctly.' },
            { status: 503, headers: { 'Retry-After': '60' } },
          ),
    ),
}
