import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as v from 'valibot'

/** One blob as the database holds it. */
export interface StoredBlob {
  readonly id: string
  readonly body: Buffer
  readonly metadata: string | undefined
}

export interface Database {
  /** Every blob. */
  all(): readonly StoredBlob[]
  /** Returns when the blob would survive the death of this process. It may not survive the death of the machine. */
  write(blob: StoredBlob): void
  remove(id: string): void
  close(): void
}

const rowSchema = v.object({ id: v.string(), body: v.instance(Uint8Array), metadata: v.nullable(v.string()) })

/** Pages of 4 KB in the write-ahead log before SQLite copies them into the database file. */
const checkpointAfter = 50

/**
 * Opens the database of blobs in a directory, and makes both if they do not exist. Each change is a transaction of its
 * own, so a kill at any instant loses nothing that was answered.
 *
 * @throws Error that names the file if it is not a database
 */
export function openDatabase(directory: string): Database {
  mkdirSync(directory, { recursive: true })
  const journal = join(directory, 'blobs.jsonl')
  if (existsSync(journal)) {
    console.warn(`${journal} is from an earlier version. It is not read; npm run reset removes it.`)
  }
  const file = join(directory, 'blobs.sqlite')
  const database = new DatabaseSync(file)
  try {
    // Without `synchronous` the system still has every write of a process that dies.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = OFF;
      PRAGMA wal_autocheckpoint = ${checkpointAfter};
      CREATE TABLE IF NOT EXISTS blobs (id TEXT PRIMARY KEY, body BLOB NOT NULL, metadata TEXT) WITHOUT ROWID;
    `)
  } catch (error) {
    database.close()
    throw new Error(`${file} cannot be read`, { cause: error })
  }
  const select = database.prepare('SELECT id, body, metadata FROM blobs')
  const upsert = database.prepare('INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)')
  const remove = database.prepare('DELETE FROM blobs WHERE id = ?')
  return {
    all: () =>
      v.parse(v.array(rowSchema), select.all()).map(({ id, body, metadata }) => ({
        id,
        body: Buffer.from(body),
        metadata: metadata ?? undefined,
      })),
    write: ({ id, body, metadata }) => void upsert.run(id, body, metadata ?? null),
    remove: (id) => void remove.run(id),
    close: () => database.close(),
  }
}
