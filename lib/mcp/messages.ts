import { isObject } from '../base/json.ts'

/**
 * Reads the JSON of a body; returns `undefined` if the body is not JSON. It decodes as the MCP SDK does, a byte order mark
 * included. The body is read once, here: access is decided by the same messages that are answered.
 *
 * Many languages write an absent member as `null`, and an empty object as `[]`. Both are read as absent, which changes no
 * valid request: no member of a request may be null in MCP. Other mistakes stay as they are, and are refused.
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
    // A request whose id is null is refused. A notification has no id, even if its sender writes null.
    return name === 'id' && member === null && !method.startsWith('notifications/') ? refusedId : member
  })
}

/** Stands in for an `id` of null, which `present` would remove. The SDK refuses an object as an id, just as it refuses null. */
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

/** A client has to name its capabilities. Each is an object, as are most of their members. We use none of them. */
const capabilitiesOf = (value: unknown) => objectOf(value ?? {}, capability)

/** At any depth: a client that writes an empty object as `[]` does so everywhere. */
const capability: ReadMember = (_name, member) => objectOf(member, capability)

type ReadMember = (name: string, member: unknown) => unknown

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

/** The object in a member, without its own absent members. An empty list is an empty object. */
function objectOf(value: unknown, read?: ReadMember): unknown {
  if (isEmptyList(value)) return {}
  return isObject(value) ? present(value, read) : value
}

/** The members that are present, each as `read` returns it. */
function present(members: Members, read: ReadMember = (_name, member) => member): Members {
  const all = Object.entries(members).map(([name, member]) => [name, read(name, member)] as const)
  return Object.fromEntries(all.filter(([, member]) => member !== null))
}
