import { defined } from '../../base/defined.ts'
import { isBlockEntry, storedBlocksKey } from '../../oauth/clients/stored-blocks.ts'
import { type Store, StoreUnavailable, type StoreValue } from '../../store/store.ts'

/** A client that an admin has blocked. */
export interface StoredBlock {
  /** Hash of a client, host, or `before:<ISO date>`, as in `MCP_OAUTH_BLOCKED_CLIENTS`. */
  readonly entry: string
  /** Seconds since the epoch. */
  readonly at: number
  /** The reason, in the words of the admin. */
  readonly note?: string
}

/** The clients that admins have blocked. Every function throws `StoreUnavailable`. */
export interface StoredBlocks {
  /** The latest first. */
  list(signal: AbortSignal): Promise<readonly StoredBlock[]>
  /** Returns false if it is blocked already, or the list is full. */
  add(block: Omit<StoredBlock, 'at'>, signal: AbortSignal): Promise<boolean>
  /** Returns false if it was not in the list. */
  remove(entry: string, signal: AbortSignal): Promise<boolean>
}

type Entries = { readonly [entry: string]: unknown }

/** The most entries of the list. Every sign-in reads the record, so it must be small. */
const mostEntries = 500
/** How often a change is tried again after another admin has changed the list at the same time. */
const mostTries = 8

/** @param now milliseconds since the epoch */
export function createStoredBlocks(store: Pick<Store, 'get' | 'create' | 'replace'>, now: () => number): StoredBlocks {
  /** Changes the record by compare-and-swap. `change` returns `null` if there is nothing to do. */
  async function change(signal: AbortSignal, of: (entries: Entries) => Entries | null): Promise<boolean> {
    for (let tries = 0; tries < mostTries; tries++) {
      const stored = await store.get(storedBlocksKey, signal)
      const entries = of(entriesOf(stored?.value))
      if (entries === null) return false
      const value = { ...stored?.value, entries }
      const written = stored
        ? await store.replace(storedBlocksKey, value, stored.version, signal)
        : await store.create(storedBlocksKey, value, signal)
      if (written.won) return true
    }
    throw new StoreUnavailable('others change the list of blocked clients')
  }

  return {
    async list(signal) {
      const entries = Object.entries(entriesOf((await store.get(storedBlocksKey, signal))?.value))
      return entries.map(([entry, value]) => blockOf(entry, value)).toSorted((a, b) => b.at - a.at)
    },
    async add({ entry, note }, signal) {
      if (!isBlockEntry(entry)) throw new TypeError('not an entry of the list of blocked clients')
      const block = defined({ at: Math.floor(now() / 1000), note })
      return change(signal, (entries) => {
        const isFull = Object.keys(entries).length >= mostEntries
        return Object.hasOwn(entries, entry) || isFull ? null : { ...entries, [entry]: block }
      })
    },
    remove: (entry, signal) =>
      change(signal, (entries) => {
        const { [entry]: removed, ...others } = entries
        return removed === undefined ? null : others
      }),
  }
}

function entriesOf(value: StoreValue | undefined): Entries {
  const { entries } = value ?? {}
  return typeof entries === 'object' && entries !== null ? { ...entries } : {}
}

function blockOf(entry: string, value: unknown): StoredBlock {
  const { at, note } = (typeof value === 'object' && value !== null ? value : {}) as Entries
  return { entry, at: typeof at === 'number' ? at : 0, ...(typeof note === 'string' && { note }) }
}
