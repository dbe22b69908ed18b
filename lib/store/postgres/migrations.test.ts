import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate, migrations } from '../../../dev/postgres/migrate.ts'
import { type LocalDatabase, startPglite } from '../../../dev/postgres/pglite.ts'
import { runAt } from '../../../dev/postgres/server.ts'
import { repository } from '../../../dev/repository.ts'
import { times } from '../../../dev/worlds/times.ts'
import { openDatabase } from './database.ts'
import { createPostgresStore } from './postgres.ts'
import { askForRole, requiredMigration } from './statements.ts'

const { signal } = new AbortController()
let server: LocalDatabase
const run = (sql: string) => runAt(server.url, sql)
const names = migrations.map(({ name }) => name)

beforeAll(async () => {
  server = await startPglite()
})
afterAll(() => server?.stop())
beforeEach(() =>
  run('DROP SCHEMA IF EXISTS mcp_oauth_broker CASCADE; DROP SCHEMA IF EXISTS mcp_oauth_broker_reports CASCADE'),
)

/** Every table, view, column, index and function of ours, in an order. */
const schema = () =>
  run(`
    SELECT 'column' AS kind, table_schema || '.' || table_name || '.' || column_name AS name,
      concat_ws(' ', data_type, collation_name, is_nullable, column_default) AS what
    FROM information_schema.columns WHERE table_schema LIKE 'mcp_oauth_broker%'
    UNION ALL SELECT 'index', schemaname || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname LIKE 'mcp_oauth_broker%'
    UNION ALL SELECT 'view', schemaname || '.' || viewname, definition FROM pg_views WHERE schemaname LIKE 'mcp_oauth_broker%'
    UNION ALL SELECT 'function', n.nspname || '.' || p.proname, pg_get_functiondef(p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname LIKE 'mcp_oauth_broker%'
    ORDER BY 1, 2`)

/** The statements of a file. A semicolon at the end of a line ends one, unless it is in the body of a function. */
function statementsOf(text: string): readonly string[] {
  const statements: string[] = []
  let statement = ''
  for (const line of text.split('\n')) {
    statement += `${line}\n`
    if (!line.trimEnd().endsWith(';') || statement.split('$$').length % 2 === 0) continue
    statements.push(statement)
    statement = ''
  }
  expect(statement.trim()).toBe('')
  return statements
}

/** What a release that knows only the first migration does. */
async function useStore(): Promise<void> {
  const database = openDatabase({ url: server.url })
  const store = createPostgresStore({ site: 'earlier', database: () => database })
  const kept = await store.get('kept/record', signal)
  expect(kept?.value).toEqual({ by: 'an earlier release' })
  expect(await store.replace('kept/record', { by: 'an earlier release' }, kept?.version ?? '', signal)).toMatchObject({
    won: true,
  })
  expect((await store.list('kept/', signal)).keys).toEqual(['kept/record'])
  database.close()
}

test('the files have the names that Netlify wants, numbers in a row, and record their numbers themselves', () => {
  for (const [index, { name, number, text }] of migrations.entries()) {
    expect(name).toMatch(/^\d{4}_[a-z0-9_]+\.sql$/)
    expect(number).toBe(index + 1)
    expect(text).toContain(
      `INSERT INTO mcp_oauth_broker.migrations (number) VALUES (${number}) ON CONFLICT DO NOTHING;`,
    )
    // They only add: the release before goes on working.
    expect(text.replace(/--.*/g, '')).not.toMatch(/\b(?:DROP|DELETE|TRUNCATE|RENAME)\b|\bALTER TABLE\b.*\bTYPE\b/i)
  }
  expect(migrations.map(({ number }) => number)).toContain(requiredMigration)
})

test('a database of every earlier state is brought to the same schema, and keeps its records [F-002-12]', async () => {
  await migrate(server.url)
  const complete = await schema()
  expect(complete.length).toBeGreaterThan(8)
  for (let known = 0; known <= migrations.length; known++) {
    await run('DROP SCHEMA IF EXISTS mcp_oauth_broker CASCADE; DROP SCHEMA IF EXISTS mcp_oauth_broker_reports CASCADE')
    await migrate(server.url, migrations.slice(0, known))
    const record = `INSERT INTO mcp_oauth_broker.records VALUES ('earlier', 'kept/record', '{"by":"an earlier release"}', 'v')`
    if (known > 0) await run(record)
    expect(await migrate(server.url)).toEqual(names.slice(known))
    expect(await schema()).toEqual(complete)
    if (known === 0) await run(record)
    await useStore()
    expect(await migrate(server.url)).toEqual([])
  }
})

test('each file may be applied again, as Netlify’s deploy may do, and changes nothing', async () => {
  await migrate(server.url)
  const complete = await schema()
  for (const { text } of migrations) await run(text)
  expect(await schema()).toEqual(complete)
})

test('a file that was cut off after any of its statements is completed', async () => {
  await migrate(server.url)
  const complete = await schema()
  for (const [index, { text }] of migrations.entries()) {
    const statements = statementsOf(text)
    expect(statements.length).toBeGreaterThan(1)
    for (let done = 1; done < statements.length; done += times(4, 1)) {
      await run(
        'DROP SCHEMA IF EXISTS mcp_oauth_broker CASCADE; DROP SCHEMA IF EXISTS mcp_oauth_broker_reports CASCADE',
      )
      await migrate(server.url, migrations.slice(0, index))
      for (const statement of statements.slice(0, done)) await run(statement)
      await migrate(server.url)
      expect(await schema()).toEqual(complete)
    }
  }
})

test('a database that lacks the last migration is refused, and a later one than this release knows is not', async () => {
  await migrate(server.url)
  const open = (reasons: string[]) => {
    const database = openDatabase({ url: server.url, onRefusal: (reason) => reasons.push(reason) })
    return { database, store: createPostgresStore({ site: 'any', database: () => database, retryDelays: [] }) }
  }
  await run(`INSERT INTO mcp_oauth_broker.migrations VALUES (9999)`)
  const later = open([])
  expect(await later.store.get('any', signal)).toBeNull()
  later.database.close()
  await run(`DELETE FROM mcp_oauth_broker.migrations WHERE number >= ${requiredMigration}`)
  const reasons: string[] = []
  const { store, database } = open(reasons)
  for (let repeat = 0; repeat < 2; repeat++) {
    await expect(store.put('any', {}, signal)).rejects.toThrow(`the database lacks migration ${requiredMigration}`)
  }
  expect(reasons).toEqual([`the database lacks migration ${requiredMigration}: npm run store -- migrate`])
  // The same instance goes on once the database is migrated.
  await migrate(server.url)
  await store.put('any', {}, signal)
  database.close()
})

test('the role of the production checklist may do what the service does, and nothing more [F-004-20]', async () => {
  const page = readFileSync(join(repository, 'docs/deploy/production-checklist.md'), 'utf8')
  const isSuperuser = async () => (await run(askForRole.text))[0]?.superuser
  await migrate(server.url)
  expect(await isSuperuser()).toBe(true)
  await run(/```sql\n(.*?)```/s.exec(page)?.[1] ?? '')
  // This server has one session for all connections.
  await run('SET ROLE broker')
  try {
    const database = openDatabase({ url: server.url })
    const store = createPostgresStore({ site: 'earlier', database: () => database })
    await store.create('kept/record', { by: 'an earlier release' }, signal)
    await store.put('kept/more', {}, signal)
    await store.remove('kept/more', signal)
    await useStore()
    await store.removeAll(signal)
    database.close()
    expect(await isSuperuser()).toBe(false)
    for (const more of [
      'CREATE TABLE mcp_oauth_broker.more (x int)',
      'DROP TABLE mcp_oauth_broker.records',
      'TRUNCATE mcp_oauth_broker.records',
      'INSERT INTO mcp_oauth_broker.migrations (number) VALUES (99)',
    ]) {
      await expect(run(more), more).rejects.toThrow(/permission denied|must be owner/)
    }
  } finally {
    await run('RESET ROLE')
    await run('DROP OWNED BY broker; DROP ROLE broker')
  }
})
