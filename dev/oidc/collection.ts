import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

/** Values by ID, each with an expiry. */
export interface Collection<Value> {
  get(id: string): Value | undefined
  /** @param expiresIn seconds; absent: never */
  set(id: string, value: Value, expiresIn?: number): void
  delete(id: string): void
  find(matches: (value: Value) => boolean): Value | undefined
}

interface Entry<Value> {
  readonly id: string
  readonly value: Value
  /** Milliseconds since the epoch; null: never. */
  readonly expires: number | null
}

const sweepEvery = 1000

/**
 * Opens a collection.
 *
 * @param isValue checks a file of an earlier run
 * @param directory keeps each value in a file that only its owner can read; absent: in memory
 * @throws Error if a file cannot be read
 */
export function openCollection<Value>(
  isValue: (value: unknown) => value is Value,
  directory?: string,
): Collection<Value> {
  const entries = new Map<string, Entry<Value>>()
  const fileOf = (id: string) =>
    join(directory ?? '', `${createHash('sha256').update(id).digest('hex').slice(0, 32)}.json`)
  const remove = (id: string) => {
    if (entries.delete(id) && directory !== undefined) rmSync(fileOf(id), { force: true })
  }
  const alive = (entry: Entry<Value> | undefined): Value | undefined => {
    if (entry?.expires == null || entry.expires > Date.now()) return entry?.value
    remove(entry.id)
    return undefined
  }

  if (directory !== undefined) {
    const saved = v.object({ id: v.string(), value: v.custom<Value>(isValue), expires: v.nullable(v.number()) })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
      const entry = v.parse(saved, JSON.parse(readFileSync(join(directory, name), 'utf8')))
      entries.set(entry.id, entry)
    }
  }

  let writes = 0
  return {
    get: (id) => alive(entries.get(id)),
    set(id, value, expiresIn) {
      const entry = { id, value, expires: expiresIn === undefined ? null : Date.now() + expiresIn * 1000 }
      entries.set(id, entry)
      if (directory !== undefined) writeWhole(fileOf(id), JSON.stringify(entry))
      if (++writes % sweepEvery === 0) for (const each of entries.values()) alive(each)
    },
    delete: remove,
    find(matches) {
      for (const entry of entries.values()) if (matches(entry.value)) return alive(entry)
      return undefined
    },
  }
}

/** Writes a file at once: a process that is killed meanwhile leaves the old file or the new one. */
export function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
