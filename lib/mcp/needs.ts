import { type Access, isOffered } from './tools/access.ts'
import type { Tool } from './tools/tool.ts'

/** What a body asks for, before anybody acts on it. */
export interface Needs {
  /** Whether it can be answered only for somebody who has signed in. */
  readonly signIn: boolean
  /** Everything that a token needs for it, complete (S-05). */
  readonly scopes: readonly string[]
  /** The calls of tools in it: only they cost more than the answer itself. */
  readonly toolCalls: readonly NamedCall[]
  /** How many messages there are. */
  readonly messages: number
}

/** A message that calls a tool. */
export interface NamedCall {
  /** `null`: it has none, or none that an answer could name. */
  readonly id: string | number | null
  readonly tool: string | undefined
}

export interface AccessRules {
  readonly tools: readonly Tool[]
  readonly requireAuth: boolean
  /** Connecting and listing need no token; a tool that does says so when it is called (S-20). */
  readonly lazyAuth: boolean
  /** What it takes to use the endpoint at all. */
  readonly scope: string
}

/**
 * Decides by the content of the body, never by the header that mirrors it (S-12): one message, or a batch of them (MCP
 * 2025-03-26), where the strictest decides. `undefined`, a body that is no JSON, calls nothing, and is answered for nobody
 * who would have to sign in. A tool that takes a scope which the person has left out is not there for this grant: its call
 * is that of an unknown one.
 */
export function createAccessRules({
  tools,
  requireAuth,
  lazyAuth,
  scope,
}: AccessRules): (content: unknown, leftOut?: readonly string[]) => Needs {
  const access = new Map(tools.map((tool) => [tool.name, tool.access]))
  const connecting: Access = { signIn: lazyAuth ? 'never' : 'if required', scopes: [scope] }
  const unknown: Access = { signIn: 'if required', scopes: [scope] }

  function accessTo(message: unknown, leftOut: readonly string[]): Access {
    if (!isToolCall(message)) return connecting
    const found = access.get(nameOf(message) ?? '')
    return found && isOffered(found, leftOut) ? found : unknown
  }

  return (content, leftOut = []) => {
    const messages = content === undefined ? [] : [content].flat()
    const asked = messages.length === 0 ? [unknown] : messages.map((message) => accessTo(message, leftOut))
    return {
      signIn: asked.some(({ signIn }) => signIn === 'always' || (signIn === 'if required' && requireAuth)),
      scopes: [...new Set(asked.flatMap(({ scopes }) => scopes))],
      messages: messages.length,
      toolCalls: messages.filter(isToolCall).map((call) => ({ id: answerable(call.id), tool: nameOf(call) })),
    }
  }
}

interface ToolCallMessage {
  readonly method: string
  readonly id?: unknown
  readonly params?: unknown
}

function isToolCall(message: unknown): message is ToolCallMessage {
  return typeof message === 'object' && message !== null && 'method' in message && message.method === 'tools/call'
}

function nameOf({ params }: ToolCallMessage): string | undefined {
  if (typeof params !== 'object' || params === null || !('name' in params)) return undefined
  return typeof params.name === 'string' ? params.name : undefined
}

/** An id that is as long as a body would come back as long. */
const answerable = (id: unknown) => (typeof id === 'number' || (typeof id === 'string' && id.length <= 256) ? id : null)
