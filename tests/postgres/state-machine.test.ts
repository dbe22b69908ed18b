import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PostgresServer } from '../../dev/postgres/server.ts'
import { createMemoryStore } from '../../lib/store/memory.ts'
import { type Database, openDatabase } from '../../lib/store/postgres/database.ts'
import { createPostgresStore } from '../../lib/store/postgres/postgres.ts'
import { worldStores } from '../properties/machine/world.ts'
import { stateMachine } from '../properties/state-machine.ts'
import { startServer } from './place.ts'

let server: PostgresServer
let database: Database
let worlds = 0

beforeAll(async () => {
  server = await startServer()
  database = openDatabase({ url: server.url() })
  worldStores.create = () => {
    worlds += 1
    return createPostgresStore({ site: randomUUID(), database: () => database })
  }
})
afterAll(async () => {
  worldStores.create = createMemoryStore
  database?.close()
  await server?.stop()
})

test('whatever users, clients, hosts of documents and the store do, a grant follows its model', async () => {
  const cases = 30
  const { cases: played, failure } = await stateMachine.check(130_001, cases)
  expect(failure).toBeUndefined()
  expect(played).toBe(cases)
  expect(worlds).toBeGreaterThanOrEqual(cases)
})
