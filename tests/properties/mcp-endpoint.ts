import type { Harness } from '../../dev/worlds/authorization-server.ts'
import {
  createSigningKey,
  createTestEndpoint,
  issuer,
  resource,
  type SearchServer,
  type SigningKey,
  startSearchServer,
} from '../../dev/worlds/mcp-endpoint.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { whoami } from '../../lib/mcp/tools/whoami.ts'
import { grantsOfPerson } from '../../lib/oauth/grants/of-person.ts'
import { grantStatus } from '../../lib/oauth/grants/status.ts'

/** MCP endpoints for the properties: one that trusts a key of this test, and one that trusts the key of an authorization server. */

let searchServer: Promise<SearchServer> | undefined

/** Stops everything that this file started. */
export async function stop(): Promise<void> {
  const started = await searchServer
  searchServer = undefined
  own = undefined
  await started?.stop()
}

function started(): Promise<SearchServer> {
  searchServer ??= startSearchServer()
  return searchServer
}

export interface OwnEndpoint {
  readonly key: SigningKey
  /** A key with the same id that the endpoint does not trust. */
  readonly foreign: SigningKey
  /** Milliseconds since the epoch. The clock stands still. */
  readonly now: number
  readonly searchServer: SearchServer
  readonly lines: object[]
  fetch(request: Request): Promise<Response>
}
let own: Promise<OwnEndpoint> | undefined

export async function ownEndpoint(): Promise<OwnEndpoint> {
  own ??= createOwnEndpoint()
  const endpoint = await own
  endpoint.lines.length = 0
  return endpoint
}

async function createOwnEndpoint(): Promise<OwnEndpoint> {
  const [key, foreign, server] = await Promise.all([createSigningKey('key'), createSigningKey('key'), started()])
  const now = Date.UTC(2026, 10, 21)
  const { fetch, lines } = createTestEndpoint([key], server, { now: () => now })
  return { key, foreign, now, searchServer: server, lines, fetch: (request) => fetch(request) }
}

const of = new WeakMap<Harness, ReturnType<typeof createTestEndpoint>>()

/** Lists the tools at the MCP endpoint of this authorization server. */
export async function askWithBearer(server: Harness, token: string): Promise<Response> {
  let endpoint = of.get(server)
  if (!endpoint) {
    const jwks = await (await server.fetch('/.well-known/jwks.json')).json()
    endpoint = createTestEndpoint([], await started(), {
      issuer: server.issuer,
      resource: `${server.issuer}/mcp`,
      publicKeys: async () => jwks,
      grantStatus: (grant, signal) => grantStatus(server.store, grant, signal),
      now: () => server.clock,
    })
    of.set(server, endpoint)
  }
  return endpoint.fetch(
    callOf({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, `Bearer ${token}`, `${server.issuer}/mcp`),
  )
}

const whoamiOf = new WeakMap<Harness, ReturnType<typeof createTestEndpoint>>()

/** The result of the tool `whoami` for this token. */
export async function askWhoami(server: Harness, token: string): Promise<Response> {
  let endpoint = whoamiOf.get(server)
  if (!endpoint) {
    const jwks = await (await server.fetch('/.well-known/jwks.json')).json()
    endpoint = createTestEndpoint([], await started(), {
      issuer: server.issuer,
      resource: `${server.issuer}/mcp`,
      publicKeys: async () => jwks,
      grantStatus: (grant, signal) => grantStatus(server.store, grant, signal),
      now: () => server.clock,
      tools: [
        whoami({
          ...{ name: 'whoami', title: 'Who am I?', description: 'Tells who has signed in.', supportUrl: undefined },
          access: { signIn: 'always', scopes: ['docs:read'] },
          connectionsOf: (grant, signal) => grantsOfPerson(server.store, grant, server.clock, signal),
          log: recorded(),
        }),
      ],
    })
    whoamiOf.set(server, endpoint)
  }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
  return endpoint.fetch(callOf(call, `Bearer ${token}`, `${server.issuer}/mcp`))
}

export function callOf(body: unknown, authorization: string | null, url = resource): Request {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' })
  if (authorization !== null) headers.set('authorization', authorization)
  return new Request(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
}

export { issuer, resource }
