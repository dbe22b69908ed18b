/** This project: its sign-in service as it is deployed, on its store in memory, and its bearer verification. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Context } from '@netlify/functions'
import { observed } from '../../lib/base/telemetry.ts'
import { serveOAuth } from '../../lib/netlify/serve-oauth.ts'
import { paths } from '../../lib/oauth/capabilities.ts'
import { grantStatus } from '../../lib/oauth/grants/status.ts'
import { createPublicKeys, createStoredKeysReader } from '../../lib/oauth/keys/signing-keys.ts'
import { createBearerVerifier } from '../../lib/resource-server/bearer.ts'
import { createGrantCheck } from '../../lib/resource-server/grant-check.ts'
import { mcpPaths } from '../../lib/settings/docs-resource.ts'
import { upstreamClient } from './control.ts'
import { countedStore } from './counted-store.ts'
import { resourceAnswer, serveTarget, webListener } from './target.ts'

const deadline = 8000

await serveTarget(async (origin, upstream) => {
  const { store, ...counted } = countedStore()
  // The service makes its store itself, and lets an observer of telemetry wrap it.
  observed.by = {
    measure: (_kind, _name, _detail, work) => work(),
    store: <T extends object>(given: T) => ({ ...given, ...store }),
    event: () => undefined,
    pending: () => undefined,
  }
  Object.assign(process.env, {
    MCP_OAUTH_ISSUER: origin,
    MCP_OAUTH_SECRET: randomBytes(32).toString('base64url'),
    MCP_OAUTH_OWN_HOST: 'true',
    // Nothing asks Kapa here, but without these the service would not be configured.
    KAPA_API_KEY: 'bench',
    KAPA_MCP_SERVER_URL: `${upstream}/kapa`,
    UPSTREAM_ISSUER: upstream,
    UPSTREAM_CLIENT_ID: upstreamClient.id,
    UPSTREAM_CLIENT_SECRET: upstreamClient.secret,
  })
  const resource = origin + mcpPaths.mcp
  const verifier = createBearerVerifier({
    issuer: origin,
    resource,
    publicKeys: createPublicKeys(createStoredKeysReader({ issuer: origin, store, now: Date.now })),
  })
  const isLive = createGrantCheck({
    grantStatus: (grant, signal) => grantStatus(store, grant, signal),
    log: () => undefined,
  })

  async function ask(request: Request): Promise<Response> {
    const outcome = await verifier.verify(request, AbortSignal.timeout(deadline))
    if (outcome.kind !== 'valid' || !(await isLive(outcome.token))) return new Response(null, { status: 401 })
    return new Response(resourceAnswer, { headers: { 'content-type': 'application/json' } })
  }

  return {
    ready: {
      origin,
      metadata: paths.authorizationServerMetadata,
      register: paths.register,
      authorize: paths.authorize,
      token: paths.token,
      resource: '/resource',
      resourceIdentifier: resource,
      scope: 'docs:read',
    },
    listener: webListener(origin, (request, address) =>
      new URL(request.url).pathname === '/resource' ? ask(request) : serveOAuth(request, contextOf(origin, address)),
    ),
    ...counted,
  }
})

/** What Netlify tells a function about a request, as far as ours read it. */
function contextOf(origin: string, address: string): Context {
  const context: Partial<Context> = {
    deploy: { context: 'dev', id: 'bench', published: true },
    site: { id: 'bench', name: 'bench', url: origin },
    ip: address,
    requestId: randomUUID(),
    waitUntil: (work) => void work,
  }
  return context as Context
}
