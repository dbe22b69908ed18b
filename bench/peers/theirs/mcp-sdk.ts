/** The router of the MCP TypeScript SDK with the provider of its examples, which is the only one that it ships. */
import { DemoInMemoryAuthProvider } from '@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'
import express from 'express'
import { type OperationKind, Operations } from '../operations.ts'
import { otherName } from '../records.ts'
import { resourceAnswer, serveTarget } from '../target.ts'

/** The accesses of each method to the maps of the provider, in their order. A store would serve one after the other. */
const accesses: Readonly<Record<string, readonly OperationKind[]>> = {
  authorize: ['write'],
  challengeForAuthorizationCode: ['read'],
  exchangeAuthorizationCode: ['read', 'delete', 'write'],
  verifyAccessToken: ['read'],
}
const accessesOfClients: Readonly<Record<string, readonly OperationKind[]>> = {
  getClient: ['read'],
  registerClient: ['write'],
}

await serveTarget(async (origin) => {
  const operations = new Operations()
  const provider = new DemoInMemoryAuthProvider()
  // The maps cannot wait, so each method waits before it begins.
  slowed(provider, accesses, operations)
  slowed(provider.clientsStore, accessesOfClients, operations)

  const app = express()
  // Each person has an address, so that the limits of the router count as they do in production.
  app.set('trust proxy', 'loopback')
  app.use(mcpAuthRouter({ provider, issuerUrl: new URL(origin), scopesSupported: ['mcp:tools'] }))
  app.get('/mcp', requireBearerAuth({ verifier: provider }), (_, response) => {
    response.type('application/json').send(resourceAnswer)
  })
  const maps: Map<string, unknown>[] = [
    Reflect.get(provider, 'tokens'),
    Reflect.get(provider, 'codes'),
    Reflect.get(provider.clientsStore, 'clients'),
  ]
  const size = () => maps.reduce((sum, map) => sum + map.size, 0)

  return {
    ready: {
      origin,
      metadata: '/.well-known/oauth-authorization-server',
      register: '/register',
      authorize: '/authorize',
      token: '/token',
      resource: '/mcp',
      resourceIdentifier: `${origin}/mcp`,
      scope: 'mcp:tools',
    },
    listener: app,
    operations,
    records: size,
    seed(count) {
      const examples = maps.map((map) => [...map])
      for (let index = 0; size() < count; index++) {
        const at = index % maps.length
        const [name, value] = examples[at]?.[index % (examples[at].length || 1)] ?? ['none', {}]
        maps[at]?.set(otherName(`x:${name}`), value)
      }
    },
  }
})

/** Lets each method of an object wait for its accesses before it begins. */
function slowed(
  target: object,
  accesses: Readonly<Record<string, readonly OperationKind[]>>,
  operations: Operations,
): void {
  for (const [name, kinds] of Object.entries(accesses)) {
    const method: (...given: unknown[]) => Promise<unknown> = Reflect.get(target, name)
    Reflect.set(target, name, async (...given: unknown[]) => {
      for (const kind of kinds) await operations.run(kind, () => undefined)
      return method.apply(target, given)
    })
  }
}
