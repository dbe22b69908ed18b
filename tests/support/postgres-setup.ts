import type { TestProject } from 'vitest/node'
import { migrate } from '../../dev/postgres/migrate.ts'
import { startPostgres } from '../../dev/postgres/server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server on which each stack has a database of its own. Absent where the stacks use Blobs. */
    postgres: { readonly admin: string; readonly template: string } | undefined
  }
}

/** Starts a real PostgreSQL server for a run of the flows, with a database that each stack copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Each function of each host has connections of its own.
  const server = await startPostgres({ max_connections: '900' })
  const template = 'migrated'
  await migrate(await server.create(template))
  project.provide('postgres', { admin: server.url(), template })
  return server.stop
}
