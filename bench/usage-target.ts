import { randomUUID } from 'node:crypto'
import type { World } from '../dev/start/world.ts'
import { createBlobsStore } from '../lib/store/blobs/blobs.ts'
import { encode } from '../lib/store/encoding.ts'
import { openDatabase } from '../lib/store/postgres/database.ts'
import { createPostgresStore } from '../lib/store/postgres/postgres.ts'
import type { Store, StoreValue } from '../lib/store/store.ts'

/** The name of the store of a world. */
export const storeName = 'mcp-oauth-broker'

/** Where the records of a population are put: into the store, but not one by one through its contract, which would take an hour. */
export interface UsageTarget {
  readonly store: Store
  plant(store: string, key: string, value: StoreValue): void
  /** Settles when everything that was planted so far is there. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** The Blobs emulator of a world. */
export const blobsTarget = ({ emulator }: World): UsageTarget => ({
  store: createBlobsStore({ name: storeName, client: emulator.clientOptions() }),
  plant: (store, key, value) => emulator.plant(store, key, Buffer.from(encode(value).text)),
  settled: () => new Promise(setImmediate),
  close: async () => {},
})

const upsert = `INSERT INTO mcp_oauth_broker.records (site, key, value, version)
  SELECT DISTINCT ON (site, key) site, key, value, $2
  FROM json_to_recordset($1::json) AS given (site text, key text, value text)
  ON CONFLICT (site, key) DO UPDATE SET value = excluded.value`

/** A database that has the tables. */
export async function postgresTarget(url: string): Promise<UsageTarget> {
  const database = openDatabase({ url, connections: 4, attemptTimeout: 60_000 })
  let rows: { readonly site: string; readonly key: string; readonly value: string }[] = []
  const run = async (text: string, values: readonly string[]) => {
    const answer = await database.ask({ text, values }, AbortSignal.timeout(120_000))
    if (answer.kind !== 'done') throw new Error(`PostgreSQL: ${answer.reason}`)
  }
  return {
    store: createPostgresStore({ site: storeName, database: () => database }),
    plant(store, key, value) {
      rows.push({ site: store, key, value: JSON.stringify(value) })
    },
    async settled() {
      const now = rows
      rows = []
      for (let from = 0; from < now.length; from += 5000) {
        await run(upsert, [JSON.stringify(now.slice(from, from + 5000)), randomUUID()])
      }
    },
    async close() {
      await run('ANALYZE mcp_oauth_broker.records', [])
      database.close()
    },
  }
}
