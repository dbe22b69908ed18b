import { AsyncLocalStorage } from 'node:async_hooks'
import type { Call } from '../base/call.ts'
import { withDeadline } from '../base/deadline.ts'
import type { AuthorizationServer } from '../oauth/authorization-server.ts'
import { legacyPaths, paths } from '../oauth/capabilities.ts'
import { type BlockedClients, createBlockedClients } from '../oauth/clients/blocked-clients.ts'
import { storedBlockList, storedBlocksKey } from '../oauth/clients/stored-blocks.ts'
import { jsonError } from '../oauth/http/json-answers.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** Milliseconds. The list is read again when it is this old, beside the work of a request. */
const readAgain = 20_000
/** Milliseconds. No token is given out after judging by a list that is older. */
const tooOld = 45_000
/** Milliseconds for reading the list. */
const readingTime = 5_000

type Asked = Parameters<BlockedClients['blocks']>[0]

type Fetching = Pick<AuthorizationServer, 'fetch'>

export interface StoredBlockGuard {
  readonly blocked: BlockedClients
  /** Keeps the list fresh, with no store trip that an answer waits for beyond its own. */
  guard(server: Fetching): Fetching
}

/**
 * Blocks the clients that admins have blocked, within a minute on every instance. Each request uses the list that the instance has,
 * and reads it again in the background when it is older than 20 seconds. An instance that was idle has an old list. There, a
 * request for tokens reads the list beside its own store operation, and hands out no token before the list is read: if its
 * client is blocked, the request is answered again, as for a blocked client. A list that cannot be read gives 503.
 *
 * @param now milliseconds since the epoch
 */
export function createStoredBlockGuard(store: Pick<Store, 'get'>, now: () => number): StoredBlockGuard {
  let blocked = createBlockedClients(storedBlockList(undefined), log)
  let readAt = -Infinity
  let reading: Promise<void> | undefined
  const requests = new AsyncLocalStorage<Asked[]>()

  async function read(): Promise<void> {
    const startedAt = now()
    try {
      const stored = await withDeadline(readingTime, (signal) => store.get(storedBlocksKey, signal))
      blocked = createBlockedClients(storedBlockList(stored?.value), log)
      readAt = startedAt
    } finally {
      reading = undefined
    }
  }

  /** Starts reading the list if it is due, or joins a reading that is under way. */
  function refresh(call: Call): Promise<void> | undefined {
    if (reading === undefined && now() - readAt >= readAgain) {
      reading = read()
      call.waitUntil(reading.catch((error) => log('blocked_clients_unread', { error: String(error) })))
    }
    return reading
  }

  return {
    blocked: {
      blocks(client) {
        requests.getStore()?.push(client)
        return blocked.blocks(client)
      },
    },
    guard: (server) => ({
      async fetch(request, call) {
        const { pathname } = new URL(request.url)
        if (!used.has(pathname)) return server.fetch(request, call)
        const isOld = now() - readAt >= tooOld
        const fresh = refresh(call)
        if (!isOld || !givesTokens.has(pathname)) return server.fetch(request, call)
        const [again, asked] = [request.clone(), [] as Asked[]]
        const response = await requests.run(asked, () => server.fetch(request, call))
        if (!response.ok) return response
        try {
          await fresh
        } catch (error) {
          return jsonError(error, request)
        }
        return asked.some((client) => blocked.blocks(client)) ? server.fetch(again, call) : response
      },
    }),
  }
}

/** The paths that give out tokens. */
const givesTokens: ReadonlySet<string> = new Set([paths.token, legacyPaths.token])
/** The paths whose answers depend on the list. Discovery and registration do not. */
const used: ReadonlySet<string> = new Set([
  ...givesTokens,
  ...[paths.authorize, legacyPaths.authorize, paths.approve, paths.confirm, paths.callback],
])
