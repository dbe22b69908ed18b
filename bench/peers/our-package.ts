/** This project's authorization server as an application gets it from the package, without what the service adds to it. */

import { paths } from '../../lib/oauth/capabilities.ts'
import { createPublicKeys, createStoredKeysReader } from '../../lib/oauth/keys/signing-keys.ts'
import { createAuthorizationServer, newSecret } from '../../lib/package/index.ts'
import { createBearerVerifier } from '../../lib/resource-server/bearer.ts'
import { mcpPaths } from '../../lib/settings/docs-resource.ts'
import { upstreamClient } from './control.ts'
import { countedStore } from './counted-store.ts'
import { resourceAnswer, serveTarget, webListener } from './target.ts'

const deadline = 8000

await serveTarget(async (origin, upstream) => {
  const { store, ...counted } = countedStore()
  const resource = origin + mcpPaths.mcp
  const server = createAuthorizationServer({
    issuer: origin,
    secret: newSecret(),
    store,
    provider: { issuer: upstream, clientId: upstreamClient.id, clientSecret: upstreamClient.secret },
    resource: {
      url: resource,
      name: 'Bench',
      scopes: [{ name: 'docs:read', text: 'Read the documentation', initial: true }],
    },
    brand: { name: 'Bench', provider: 'Bench ID' },
  })
  const verifier = createBearerVerifier({
    issuer: origin,
    resource,
    publicKeys: createPublicKeys(createStoredKeysReader({ issuer: origin, store, now: Date.now })),
  })

  async function ask(request: Request): Promise<Response> {
    const outcome = await verifier.verify(request, AbortSignal.timeout(deadline))
    if (outcome.kind !== 'valid') return new Response(null, { status: 401 })
    return new Response(resourceAnswer, { headers: { 'content-type': 'application/json' } })
  }

  return {
    ready: {
      origin,
      metadata: paths.authorizationServerMetadata,
      register: paths.register,
      authorize: paths.authorize,
      token: paths.token,
      resource: mcpPaths.mcp,
      resourceIdentifier: resource,
      scope: 'docs:read',
    },
    listener: webListener(origin, async (request, address) =>
      new URL(request.url).pathname === mcpPaths.mcp
        ? ask(request)
        : ((await server.handle(request, { address })) ?? new Response(null, { status: 404 })),
    ),
    ...counted,
  }
})
