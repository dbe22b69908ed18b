import { isObject } from '../base/json.ts'
import { type Access, isOffered, type OfferedTo } from './tools/access.ts'
import type { ToolProfile } from './tools/tool.ts'

/** What the content of a body needs before it may be answered. */
export interface RequiredAccess {
  /** Whether the user has to sign in. */
  readonly signIn: boolean
  /** Every scope that a token needs (S-05). */
  readonly scopes: readonly string[]
  /** The tool calls in it. Only they are counted: they cost more than the answer itself. */
  readonly toolCalls: readonly CalledTool[]
  /** The number of messages. */
  readonly messages: number
}

/** A tool call as a refusal or the log names it. */
export interface CalledTool {
  /** `null`: the message has no id, or one that an answer cannot repeat. */
  readonly id: string | number | null
  readonly tool: string | undefined
}

export type AccessRules = ReturnType<typeof createAccessRules>

export interface AccessRulesOptions {
  readonly tools: readonly Pick<ToolProfile, 'name' | 'access'>[]
  readonly requireAuth: boolean
  /** Connecting and listing need no token. A tool that needs one says so when it is called (S-20). */
  readonly lazyAuth: boolean
  /** The scope that every use of the endpoint needs. */
  readonly scope: string
}

export function createAccessRules({ tools, requireAuth, lazyAuth, scope }: AccessRulesOptions) {
  const named = new Map(tools.map((tool) => [tool.name, tool]))
  const connecting: Access = { signIn: lazyAuth ? 'never' : 'if required', scopes: [scope] }
  const unknown: Access = { signIn: 'if required', scopes: [scope] }

  function accessTo(message: unknown, caller: OfferedTo): Access {
    if (!isToolCall(message)) return connecting
    const found = named.get(nameOf(message) ?? '')
    return found && isOffered(found, caller) ? found.access : unknown
  }

  /**
   * Returns what the content of a body needs. The content decides, never the header that mirrors it (S-12). In a batch (MCP
   * 2025-03-26) the strictest message decides. A body that is not JSON (`undefined`) calls no tool and needs the usual
   * sign-in. A tool that this caller is not offered counts as an unknown tool.
   */
  function of(content: unknown, caller: OfferedTo = {}): RequiredAccess {
    const messages = content === undefined ? [] : [content].flat()
    const asked = messages.length === 0 ? [unknown] : messages.map((message) => accessTo(message, caller))
    return {
      signIn: asked.some(({ signIn }) => signIn === 'always' || (signIn === 'if required' && requireAuth)),
      scopes: [...new Set(asked.flatMap(({ scopes }) => scopes))],
      messages: messages.length,
      toolCalls: messages.filter(isToolCall).map((call) => ({ id: answerable(call.id), tool: nameOf(call) })),
    }
  }

  /** What a request needs if its content is unknown. */
  const withoutContent: RequiredAccess = {
    signIn: requireAuth && !lazyAuth,
    scopes: [scope],
    toolCalls: [],
    messages: 0,
  }
  return { of, withoutContent }
}

type Message = Readonly<Record<string, unknown>>

const isToolCall = (message: unknown): message is Message => isObject(message) && message.method === 'tools/call'

const nameOf = ({ params }: Message): string | undefined =>
  isObject(params) && typeof params.name === 'string' ? params.name : undefined

/** Returns the id, or `null` if it is too long: a refusal repeats the id, and must not grow with it. */
const answerable = (id: unknown) => (typeof id === 'number' || (typeof id === 'string' && id.length <= 256) ? id : null)
