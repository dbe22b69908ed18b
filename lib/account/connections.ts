import type { Grants } from '../oauth/grants/grants.ts'
import { grantKeysOfPerson, readPersonalGrant } from '../oauth/grants/of-person.ts'
import { type GrantKey, subjectOfGrant } from '../oauth/grants/record.ts'
import type { Store } from '../store/store.ts'

/** A client that a person has connected, as the person is shown it. Times in seconds since the epoch. */
export interface Connection {
  readonly key: GrantKey
  /** The host of the client's metadata document, which is verified. */
  readonly publisher?: string
  /** What the client calls itself, which nothing verifies. */
  readonly name?: string
  readonly connectedAt: number
  /** The latest sign-in or refresh that is known. */
  readonly lastUsedAt: number
  /** When the person must sign in again at the latest. */
  readonly endsAt: number
}

export interface Connections {
  /**
   * Lists the live connections of a person, the latest first. `more`: there are further connections, which do not fit on one
   * page.
   */
  list(
    sub: string,
    signal: AbortSignal,
  ): Promise<{ readonly connections: readonly Connection[]; readonly more: boolean }>
  /** Ends one connection of the person. Also resolves if it had ended before. */
  end(sub: string, key: GrantKey, signal: AbortSignal): Promise<void>
}

/** The most connections that one page shows. */
const mostShown = 100
/** How many records are read at once. */
const atOnce = 25

/** @param now milliseconds since the epoch */
export function createConnections(store: Store, grants: Pick<Grants, 'revoke'>, now: () => number): Connections {
  /** Reads what a sign-in recorded about the client: the grant does not name the publisher. */
  async function recordOf(sub: string, clientHash: string, signal: AbortSignal) {
    const stored = await store.get(`connections/${sub}/${clientHash}`, signal)
    const { client, lastSeenAt } = stored?.value ?? {}
    const host = typeof client === 'object' && client !== null ? Reflect.get(client, 'host') : undefined
    return {
      ...(typeof host === 'string' && { publisher: host }),
      lastSeenAt: typeof lastSeenAt === 'number' ? lastSeenAt : 0,
    }
  }

  async function read(sub: string, key: GrantKey, signal: AbortSignal): Promise<Connection | null> {
    const grant = await readPersonalGrant(store, key, now(), signal)
    if (!grant) return null
    const { publisher, lastSeenAt } = await recordOf(sub, grant.clientHash, signal)
    return {
      key,
      ...(publisher !== undefined && { publisher }),
      ...(grant.clientName !== undefined && { name: grant.clientName }),
      connectedAt: grant.createdAt,
      lastUsedAt: Math.max(grant.rotatedAt, grant.createdAt, lastSeenAt),
      endsAt: grant.endsAt,
    }
  }

  return {
    async list(sub, signal) {
      const { keys, more } = await grantKeysOfPerson(store, sub, now(), signal)
      const found: Connection[] = []
      let at = 0
      while (at < keys.length && found.length < mostShown) {
        const batch = keys.slice(at, at + atOnce).map((key) => read(sub, key, signal))
        found.push(...(await Promise.all(batch)).filter((connection) => connection !== null))
        at += atOnce
      }
      const connections = found.toSorted((a, b) => b.connectedAt - a.connectedAt)
      return {
        connections: connections.slice(0, mostShown),
        more: more || at < keys.length || found.length > mostShown,
      }
    },

    async end(sub, key, signal) {
      // The form is sealed to the person already, so this check never fails unless that check is broken.
      if (subjectOfGrant(key) !== sub) throw new TypeError('a grant of another person')
      await grants.revoke(key, 'ended_by_user', signal)
    },
  }
}
