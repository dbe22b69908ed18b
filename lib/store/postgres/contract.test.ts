import { migrate } from '../../../dev/postgres/migrate.ts'
import { startPglite } from '../../../dev/postgres/pglite.ts'
import { describeStoreContract, type StoreUnderTest } from '../../../dev/worlds/store-contract.ts'
import { openDatabase } from './database.ts'
import { createPostgresStore } from './postgres.ts'

async function openPglite(): Promise<StoreUnderTest> {
  const server = await startPglite()
  await migrate(server.url)
  const database = openDatabase({ url: server.url })
  const pageSize = 4
  return {
    store: createPostgresStore({ site: 'contract', database: () => database, pageSize }),
    pageSize,
    async stop() {
      database.close()
      await server.stop()
    },
  }
}

// One session answers one statement after the other, so that races show little. The real server's are in tests/postgres/.
describeStoreContract('PostgreSQL (PGlite)', openPglite, 2)
