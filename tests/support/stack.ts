import { randomUUID } from 'node:crypto'
import { inject, test } from 'vitest'
import { createDatabase, runAt } from '../../dev/postgres/server.ts'
import type { Settings } from '../../dev/start/local-env.ts'
import { startWorld, type World, type WorldOptions } from '../../dev/start/world.ts'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import { openDatabase } from '../../lib/store/postgres/database.ts'
import { createPostgresStore, type PostgresStore } from '../../lib/store/postgres/postgres.ts'
import { builtArtifact } from './artifact.ts'

export interface Stack extends World {
  /** Every line that the functions have printed, as a log drain would hold it. */
  readonly logs: readonly string[]
  /** One of the stores of this stack, past the functions. */
  store(name?: string): PostgresStore
  /** The names of the stores in which something is or was. */
  storeNames(): Promise<readonly string[]>
}

/** Whether the stacks of this run keep everything in PostgreSQL: `npm run test:postgres`. */
const onPostgres = () => inject('postgres') !== undefined

/** A test about Netlify Blobs themselves: their faults, or the operations that the emulator has logged. */
export const testOnBlobs = test.skipIf(onPostgres())

/** The whole system on free ports, in memory, running this test run's artifact. The test stops it. */
export async function startStack(options: Omit<WorldOptions, 'artifact' | 'onOutput'> = {}): Promise<Stack> {
  const logs: string[] = []
  const settings = { ...(await storeSettings()), ...options.settings }
  const world = await startWorld({
    ...options,
    settings,
    artifact: builtArtifact(),
    onOutput: (line) => logs.push(line),
  })
  return {
    ...world,
    logs,
    store: (name = 'mcp-oauth-broker') => storeIn(world, name),
    storeNames: () => namesIn(world),
  }
}

/** The settings of a database of its own, a copy of one with every migration. */
async function storeSettings(): Promise<Settings> {
  const postgres = inject('postgres')
  if (postgres === undefined) return {}
  const name = `stack_${randomUUID().replaceAll('-', '')}`
  return { STORE_BACKEND: 'postgres', DATABASE_URL: await createDatabase(postgres.admin, name, postgres.template) }
}

function storeIn({ environment, emulator }: World, name: string): PostgresStore {
  const { STORE_BACKEND: backend, DATABASE_URL: url } = environment
  if (backend !== 'postgres' || url === undefined) return createBlobsStore({ name, client: emulator.clientOptions() })
  const database = openDatabase({ url, connections: 2 })
  return createPostgresStore({ site: name, database: () => database })
}

async function namesIn({ environment, emulator }: World): Promise<readonly string[]> {
  const { STORE_BACKEND: backend, DATABASE_URL: url } = environment
  if (backend !== 'postgres' || url === undefined) return [...new Set(emulator.operations().map(({ store }) => store))]
  const rows = await runAt(url, 'SELECT DISTINCT site FROM mcp_oauth_broker.records')
  return rows.map(({ site }) => String(site))
}
