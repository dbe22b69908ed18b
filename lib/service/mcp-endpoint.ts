import { mayUseAdminTools } from '../account/admins.ts'
import { BoundedMap } from '../base/bounded-map.ts'
import { defined } from '../base/defined.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { AdminTools } from '../mcp/admin-tools.ts'
import { withAnswerHeaders } from '../mcp/answer-headers.ts'
import { askPath } from '../mcp/ask-path.ts'
import type { RecordClientVersion } from '../mcp/client-version.ts'
import type { RecordCall } from '../mcp/ended-call.ts'
import { createMcpEndpoint, type McpEndpoint } from '../mcp/endpoint.ts'
import type { AllowanceOf } from '../mcp/role-of-today.ts'
import { loadedWhenUsed } from '../mcp/tools/tool.ts'
import { grantStatus } from '../oauth/grants/status.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { adminToolNames } from '../people/roles/admin-tool-names.ts'
import { preflightResponse } from '../resource-server/cors.ts'
import type { Configuration } from '../settings/configuration.ts'
import { mcpPaths } from '../settings/docs-resource.ts'
import type { Site } from '../settings/site.ts'
import { describeTools } from '../settings/tools.ts'
import { createCallLimits } from './call-limits.ts'
import { identity } from './identity.ts'
import { keysOf } from './keys.ts'
import { log } from './log.ts'
import { recordAccessAfterAnswer } from './record-access.ts'
import { storeOf } from './store.ts'
import { toolProfiles } from './tool-profiles.ts'

/** Composes the MCP endpoint of a site from its settings. It answers 503 while a setting has taken it out of service. */
export async function composeMcpEndpoint(configuration: Configuration, site: Site): Promise<McpEndpoint> {
  const { issuer, resource, brand, documentationUrl, mcp, kept } = configuration
  if (configuration.outOfService.has('mcp')) return outOfService
  const tools = describeTools(configuration.tools, brand)
  const store = storeOf(site)
  const { roles, admins } = configuration
  const role = roles && (await import('./roles.ts')).rolesAtMcp(roles, admins, Date.now)
  const decide = role?.allowanceOf
  const { publicKeys } = keysOf(configuration, store)
  const { trusted } = configuration
  const storeless =
    trusted &&
    whenNeeded(async () =>
      (await import('./storeless-grants.ts')).composeStorelessGrants(configuration, trusted, store),
    )
  const loadTools = whenNeeded(async () => (await import('./tools.ts')).createAllTools(tools, configuration, store))
  const endpoint = createMcpEndpoint({
    issuer,
    resource,
    resourceMetadataUrl: issuer + mcpPaths.protectedResourceMetadataOfMcp,
    documentationUrl,
    requireAuth: mcp.requireAuth,
    publicKeys,
    grantStatus: async (grant, signal) =>
      grant.startsWith('grants/') || !storeless
        ? grantStatus(store, grant, signal)
        : ((await (await storeless()).status(grant, signal)) ?? 'ended'),
    limits: createCallLimits(configuration, store),
    tools: Object.values(toolProfiles(tools)).flatMap((profile) =>
      profile ? [loadedWhenUsed(profile, loadTools)] : [],
    ),
    lazyAuth: tools.lazyAuth,
    eventStreams: tools.eventStreams,
    signInScopes: tools.askAllScopes
      ? configuration.scopesOffered.filter((scope) => role?.isOffered(scope) !== false)
      : [],
    requireWorkEmail: tools.requireWorkEmail,
    serverInfo: {
      ...identity,
      title: brand.productName,
      websiteUrl: documentationUrl,
      instructions: tools.instructions,
    },
    allowedOrigins: mcp.allowedOrigins,
    spendProof: async (...spent) => (await import('../dpop/spend.ts')).createSpendProof(store)(...spent),
    recordAccess: recordAccessAfterAnswer({ store, kept, now: Date.now }),
    log,
    ...recorders(configuration, site),
    ...(tools.skillsFolder !== undefined && {
      loadSkills: whenNeeded(async () => (await import('./skills.ts')).skillsAtMcp()),
    }),
    ...defined({ adminTools: adminTools(configuration, site, decide), allowanceOf: decide }),
  })
  return {
    async fetch(request, call) {
      if (new URL(request.url).pathname !== askPath) return endpoint.fetch(request, call)
      const { answerQuestion } = await import('../mcp/ask-api.ts')
      return answerQuestion(request, call, { endpoint, tool: tools.ask.name, resource })
    },
  }
}

/** The tools for admins. `undefined`: the service has no admins, or no sign-in. */
function adminTools(configuration: Configuration, site: Site, decide: AllowanceOf | undefined): AdminTools | undefined {
  const { admins, signIn } = configuration
  if ((admins.length === 0 && !decide) || !signIn) return undefined
  return {
    names: adminToolNames,
    // The age of what the provider said is checked at every refresh. An access token is younger than that.
    isAdmin: ({ email, emailVerified, organization, provider }) =>
      mayUseAdminTools(defined({ email, emailVerified, organizationId: organization?.id, provider }), 0, admins),
    load: whenNeeded(async () => (await import('./admin-tools.ts')).adminToolsOf(configuration, signIn, site)),
  }
}

/** Clients and versions that an instance knows to be noted today. */
const mostNoted = 1_000

/** Records calls of tools and versions of clients. The code is loaded at the first one. Without a secret, no key can be sealed. */
function recorders(
  configuration: Configuration,
  site: Site,
): { readonly recordCall?: RecordCall; readonly recordClientVersion?: RecordClientVersion } {
  const { issuer, secrets } = configuration
  if (!secrets) return {}
  const recorder = whenNeeded(async () =>
    (await import('./usage-recorder.ts')).createCallRecorder(configuration, site, createSealing(issuer, secrets)),
  )
  const noted = new BoundedMap<string, number>(mostNoted)
  return {
    async recordCall(call) {
      // The answer goes first.
      await new Promise(setImmediate)
      await (await recorder()).recordCall(call)
    },
    recordClientVersion({ clientId }, version, { waitUntil }) {
      const what = `${version} ${clientId}`
      const today = Math.floor(Date.now() / dayMilliseconds)
      if (noted.get(what) === today) return
      noted.set(what, today)
      waitUntil(new Promise(setImmediate).then(recorder).then(({ recordVersion }) => recordVersion(clientId, version)))
    },
  }
}

const dayMilliseconds = 86_400_000

/** Answers 503 while a setting of `/mcp` is wrong: the tools must not do what the operator did not want. */
const outOfService: McpEndpoint = {
  async fetch(request) {
    const body = { error: 'temporarily_unavailable', message: 'This server is not configured correctly.' }
    const refusal = jsonResponse(body, { status: 503, headers: { 'Retry-After': '60' } })
    return withAnswerHeaders(request, request.method === 'OPTIONS' ? preflightResponse() : refusal, identity)
  },
}
