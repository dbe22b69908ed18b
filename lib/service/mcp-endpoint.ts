import { defined } from '../base/defined.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { RecordCall } from '../mcp/ended-call.ts'
import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import { rateLimitFields } from '../mcp/rate-limit-headers.ts'
import { paths } from '../oauth/capabilities.ts'
import { grantStatus } from '../oauth/grants/status.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { preflightResponse, withCommonHeaders } from '../resource-server/cors.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { describeTools } from '../settings/tools.ts'
import { createAccountTools } from './account-tools.ts'
import { createCallLimits } from './call-limits.ts'
import { createTools } from './documentation-tools.ts'
import { identity } from './identity.ts'
import { keysOf } from './keys.ts'
import { log } from './log.ts'
import { recordAccessAfterAnswer } from './record-access.ts'
import { storeOf } from './store.ts'

/** Composes the MCP endpoint of a site from its settings. It answers 503 while a setting has taken it out of service. */
export async function composeMcpEndpoint(configuration: Configuration, site: Site): Promise<McpEndpoint> {
  const { issuer, resource, brand, documentationUrl, mcp, kept } = configuration
  if (configuration.outOfService.has('mcp')) return outOfService
  const tools = describeTools(configuration.tools, brand)
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
    limits: createCallLimits(configuration, store),
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
    recordAccess: recordAccessAfterAnswer({ store, kept, now: Date.now }),
    log,
    ...defined({ recordCall: callRecorder(configuration, site) }),
  })
}

/** Records calls of tools. Its code is loaded at the first call. `undefined`: without a secret, no key can be sealed. */
function callRecorder(configuration: Configuration, site: Site): RecordCall | undefined {
  const { issuer, secrets } = configuration
  if (!secrets) return undefined
  const recorder = whenNeeded(async () =>
    (await import('./usage-recorder.ts')).createCallRecorder(configuration, site, createSealing(issuer, secrets)),
  )
  return async (call) => {
    // The answer goes first.
    await new Promise(setImmediate)
    await (await recorder())(call)
  }
}

/** Answers 503 while a setting of `/mcp` is wrong: the tools must not do what the operator did not want. */
const outOfService: McpEndpoint = {
  async fetch(request) {
    const body = { error: 'temporarily_unavailable', message: 'This server is not configured correctly.' }
    const refusal = jsonResponse(body, { status: 503, headers: { 'Retry-After': '60' } })
    return withCommonHeaders(request, request.method === 'OPTIONS' ? preflightResponse() : refusal, rateLimitFields)
  },
}
