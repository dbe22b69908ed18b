import { migrate } from './migrate.ts'
import { type LocalDatabase, startPglite } from './pglite.ts'

export type { LocalDatabase }

/** Starts PostgreSQL in this process with every migration, as the database of a deploy has them. */
export async function startLocalDatabase(directory: string | undefined): Promise<LocalDatabase> {
  const database = await startPglite({ directory })
  try {
    await migrate(database.url)
    return database
  } catch (error) {
    await database.stop()
    throw error
  }
}
