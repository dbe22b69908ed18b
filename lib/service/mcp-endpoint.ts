import { jsonResponse } from '../base/well-formed.ts'
import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import { rateLimitFields } from '../mcp/rate-limit-headers.ts'
import { paths } from '../oauth/capabilities.ts'
import { grantStatus } from '../oauth/grants/status.ts'
import { preflightResponse, withCommonHeaders } from '../resource-server/web-pages.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { readTools } from '../settings/tools.ts'
import { createAccountTools } from './account-tools.ts'
import { createCallLimits } from './call-limits.ts'
import { createTools } from './documentation-tools.ts'
import { identity } from './identity.ts'
import { keysOf } from './keys.ts'
import { log } from './log.ts'
import { storeOf } from './store.ts'

/** Composes the MCP endpoint of a site from its settings. With a mistake in the settings of the tools it answers 503. */
export async function composeMcpEndpoint(configuration: Configuration, site: Site): Promise<McpEndpoint> {
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
      rateLimitFields,
    ),
}
