import { isObject } from '../base/json.ts'

/**
 * The JSON of a body; `undefined`: it is none. Decoded as the MCP SDK decodes it, a byte order mark included. It is read
 * once, here: who may do what is decided by the same messages that are answered.
 *
 * Many languages write an absent member as `null`, and an empty object as `[]`. In what clients send neither means
 * anything else: no member of a request may be null in MCP. Both are read as absent. What is wrong in another way stays
 * as it is, and is refused.
 */
export function readMessages(body: Uint8Array): unknown {
  try {
    const content: unknown = JSON.parse(new TextDecoder().decode(body))
    return Array.isArray(content) ? content.map(withoutEmptyMembers) : withoutEmptyMembers(content)
  } catch {
    return undefined
  }
}

type Members = { readonly [name: string]: unknown }

function withoutEmptyMembers(message: unknown): unknown {
  if (!isObject(message) || typeof message.method !== 'string') return message
  const { method } = message
  return present(message, (name, member) => {
    if (name === 'params') return parametersOf(method, member)
    // A request whose id is null is refused. A notification has no id, whatever the language of its sender writes.
    return name === 'id' && member === null && !method.startsWith('notifications/') ? refusedId : member
  })
}

/** Stands for an `id` of null on its way through `present`: no message may have it either. */
const refusedId = {}

function parametersOf(method: string, value: unknown): unknown {
  const given = method === 'initialize' && isObject(value) ? { capabilities: null, ...value } : value
  return objectOf(given, (name, member) => {
    switch (name) {
      case '_meta':
        return objectOf(member, metadataMember)
      case 'capabilities':
        return method === 'initialize' ? capabilitiesOf(member) : member
      case 'arguments':
      case 'clientInfo':
        return objectOf(member)
      case 'task':
        return isEmptyList(member) ? null : member
      default:
        return member
    }
  })
}

function metadataMember(name: string, member: unknown): unknown {
  if (name === 'io.modelcontextprotocol/clientCapabilities') return capabilitiesOf(member)
  if (name !== 'io.modelcontextprotocol/clientInfo') return member
  return isEmptyList(member) ? null : objectOf(member)
}

/** A client has to name its capabilities. Each is an object, as are most of their members; here none is used. */
const capabilitiesOf = (value: unknown) => objectOf(value ?? {}, capability)

/** At any depth: whoever writes an empty object as `[]` does so everywhere. */
const capability: ReadMember = (_name, member) => objectOf(member, capability)

type ReadMember = (name: string, member: unknown) => unknown

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

/** The value of a member that is an object, without its own absent members; an empty list is an empty object. */
function objectOf(value: unknown, read?: ReadMember): unknown {
  if (isEmptyList(value)) return {}
  return isObject(value) ? present(value, read) : value
}

/** The members that are there, by the way that `read` reads them. */
function present(members: Members, read: ReadMember = (_name, member) => member): Members {
  const all = Object.entries(members).map(([name, member]) => [name, read(name, member)] as const)
  return Object.fromEntries(all.filter(([, member]) => member !== null))
}
