import { createTestEndpoint, testTool } from '../../../dev/worlds/mcp-endpoint.ts'
import type { Access } from '../../../lib/mcp/tools/access.ts'
import type { Tool } from '../../../lib/mcp/tools/tool.ts'
import { ownEndpoint } from '../mcp-endpoint.ts'
import { revokedGrant } from './callers.ts'

/** MCP endpoints whose tools only record that they ran. */

export interface Policy {
  readonly requireAuth: boolean
  readonly lazyAuth: boolean
  readonly requireWorkEmail: boolean
  /** Names of the tools that are public, in addition to those that always are. */
  readonly publicTools: readonly string[]
}

/** The tools by name, and the scopes that they need unless they are public. */
export const toolNames = ['status', 'ask', 'search', 'feedback', 'whoami'] as const
/** The scopes of the tools that cannot be made public. */
const personal: Readonly<Record<string, readonly string[]>> = {
  feedback: ['docs:feedback', 'docs:read'],
  whoami: ['docs:read'],
}
/** The tools that a setting can make public. */
export const optional: readonly string[] = ['ask', 'search']

export const isPublic = (tool: string, { publicTools }: Policy) => tool === 'status' || publicTools.includes(tool)
export const isPersonal = (tool: string) => Object.hasOwn(personal, tool)
export const neededFor = (tool: string): readonly string[] => personal[tool] ?? ['docs:read']

/** The outcome of the calls of one request. */
export interface Traces {
  readonly ran: { readonly tool: string; readonly by: string | undefined }[]
  /** The users and addresses for which the limit counted a call. */
  readonly counted: string[]
  /** Whether the caller has called too often. */
  exhausted: boolean
}

export interface GuardedEndpoint {
  readonly traces: Traces
  fetch(request: Request): Promise<Response>
}

const endpoints = new Map<string, Promise<GuardedEndpoint>>()

/** Returns the endpoint of a policy, which is created once, with empty traces. */
export async function guardedEndpoint(policy: Policy): Promise<GuardedEndpoint> {
  const name = JSON.stringify(policy)
  const making = endpoints.get(name) ?? create(policy)
  endpoints.set(name, making)
  const { traces, fetch } = await making
  traces.ran.length = 0
  traces.counted.length = 0
  return { traces, fetch }
}

export function discardEndpoints(): void {
  endpoints.clear()
}

async function create(policy: Policy): Promise<GuardedEndpoint> {
  const { key, now, searchServer } = await ownEndpoint()
  const traces: Traces = { ran: [], counted: [], exhausted: false }
  const limit = {
    policy: 'test',
    limit: 60,
    windowSeconds: 900,
    async hit(who: string) {
      traces.counted.push(who)
      if (traces.exhausted) return { limited: true, retryAfter: 7 } as const
      return { limited: false, remaining: 9, resetAfter: 60 } as const
    },
  }
  const { fetch } = createTestEndpoint([key], searchServer, {
    requireAuth: policy.requireAuth,
    lazyAuth: policy.lazyAuth,
    requireWorkEmail: policy.requireWorkEmail,
    tools: toolNames.map((name) => traced(name, accessTo(name, policy), traces)),
    grantStatus: async (grant) => (grant.endsWith(revokedGrant) ? 'ended' : 'live'),
    limits: { user: () => limit, address: limit },
    now: () => now,
  })
  return { traces, fetch: (request) => fetch(request) }
}

function accessTo(tool: string, policy: Policy): Access {
  if (isPublic(tool, policy)) return { signIn: 'never', scopes: [] }
  return { signIn: isPersonal(tool) ? 'always' : 'if required', scopes: neededFor(tool) }
}

const traced = (name: string, access: Access, traces: Traces): Tool =>
  testTool(name, access, (token) => {
    traces.ran.push({ tool: name, by: token?.sub })
    return { name }
  })
