import { hash } from 'node:crypto'
import { openDatabase } from './database.ts'

export interface Blob {
  readonly body: Buffer
  /** Quoted MD5 of the content, as in production (netlify/primitives#787): equal content has an equal ETag. */
  readonly etag: string
  readonly metadata?: string
}

export interface Contents {
  /** `cached`: the answer of an edge cache, at most as old as `setStaleness` allows. Absence may be cached too. */
  read(id: string, cached: boolean): Blob | undefined
  /** All ids that start with `prefix`, in order. */
  ids(prefix: string, cached: boolean): string[]
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
  }

  return {
    read,
    ids(prefix, cached) {
      const known = cached ? new Set([...current.keys(), ...replaced.keys()]) : current.keys()
      const ids: string[] = []
      for (const id of known) if (id.startsWith(prefix) && read(id, cached) !== undefined) ids.push(id)
      return ids.sort()
    },
    write(id, body, metadata) {
      const blob = toBlob(body, metadata)
      database?.write({ id, body, metadata })
      keepReplaced(id)
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
  return { body, etag: `"${hash('md5', body)}"`, ...(metadata === undefined ? {} : { metadata }) }
}
