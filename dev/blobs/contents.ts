import { hash } from 'node:crypto'
import { defined } from '../../lib/base/defined.ts'
import { openDatabase } from './database.ts'
import { createSortedKeys } from './sorted-keys.ts'

export interface Blob {
  readonly body: Buffer
  /** Quoted MD5 of the content, as in production (netlify/primitives#787): equal content has an equal ETag. */
  readonly etag: string
  readonly metadata?: string
}

export interface Contents {
  /** `cached`: the answer of an edge cache, at most as old as `setStaleness` allows. Absence may be cached too. */
  read(id: string, cached: boolean): Blob | undefined
  /** All ids that start with `prefix` and are not before `first`, in order. `first` begins with `prefix`. */
  ids(prefix: string, cached: boolean, first?: string): Iterable<string>
  write(id: string, body: Buffer, metadata: string | undefined): Blob
  remove(id: string): void
  clear(): void
  /** Milliseconds for which a cached read still sees what was replaced. */
  setStaleness(milliseconds: number): void
  close(): void
}

/** The blobs of the emulator: in memory, and on disk too if a directory is given. Every method is synchronous. */
export function openContents(directory: string | undefined): Contents {
  const database = directory === undefined ? undefined : openDatabase(directory)
  const current = new Map<string, Blob>(database?.all().map(({ id, body, metadata }) => [id, toBlob(body, metadata)]))
  const sorted = createSortedKeys()
  for (const id of current.keys()) sorted.add(id)
  const replaced = new Map<string, { readonly blob: Blob | undefined; readonly at: number }[]>()
  let staleness = 0

  function keepReplaced(id: string): void {
    if (staleness === 0) return
    const oldest = performance.now() - staleness
    const past = (replaced.get(id) ?? []).filter(({ at }) => at > oldest)
    replaced.set(id, [...past, { blob: current.get(id), at: performance.now() }])
  }

  function read(id: string, cached: boolean): Blob | undefined {
    if (!cached || staleness === 0) return current.get(id)
    const oldest = performance.now() - staleness
    const stale = replaced.get(id)?.find(({ at }) => at > oldest)
    return stale === undefined ? current.get(id) : stale.blob
  }

  function remove(id: string): void {
    if (!current.has(id)) return
    database?.remove(id)
    keepReplaced(id)
    current.delete(id)
    sorted.remove(id)
  }

  function* currentIds(prefix: string, first: string): Iterable<string> {
    for (const id of sorted.from(first)) {
      if (!id.startsWith(prefix)) return
      yield id
    }
  }

  /** The ids as the edge cache sees them, with those that were removed since. */
  function staleIds(prefix: string, first: string): Iterable<string> {
    const known = new Set([...current.keys(), ...replaced.keys()])
    return [...known].filter((id) => id.startsWith(prefix) && id >= first && read(id, true) !== undefined).sort()
  }

  return {
    read,
    ids(prefix, cached, first = prefix) {
      return cached && staleness > 0 ? staleIds(prefix, first) : currentIds(prefix, first)
    },
    write(id, body, metadata) {
      const blob = toBlob(body, metadata)
      database?.write({ id, body, metadata })
      keepReplaced(id)
      if (!current.has(id)) sorted.add(id)
      current.set(id, blob)
      return blob
    },
    remove,
    clear() {
      for (const id of [...current.keys()]) remove(id)
      replaced.clear()
    },
    setStaleness(milliseconds) {
      staleness = milliseconds
    },
    close() {
      database?.close()
    },
  }
}

function toBlob(body: Buffer, metadata: string | undefined): Blob {
  return defined({ body, etag: `"${hash('md5', body)}"`, metadata })
}
