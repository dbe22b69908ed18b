import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Client from 'pg/lib/client.js'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly text: string
}

/** Reads the migrations of a folder, in their order. */
export const readMigrations = (folder: string): readonly Migration[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ number: Number.parseInt(name, 10), name, text: readFileSync(join(folder, name), 'utf8') }))

/** One of two migrators that run at once waits for the other. The number means nothing else. */
const lock = 'SELECT pg_advisory_xact_lock(7266421)'

/**
 * Applies to a database the migrations that it lacks, each in a transaction of its own.
 *
 * @returns the names of those that it has applied
 */
export async function applyMigrations(url: string, all: readonly Migration[]): Promise<readonly string[]> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    fallback_application_name: 'mcp-oauth-broker store migrate',
    keepAlive: true,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    const applied: string[] = []
    for (const { number, name, text } of all) {
      if ((await numbersIn(client)).has(number)) continue
      // Several statements in one message are one transaction.
      await client.query(`${lock}; ${text}`)
      applied.push(name)
    }
    return applied
  } finally {
    await client.end()
  }
}

/** The numbers of the migrations that the database says it has. */
async function numbersIn(client: Client): Promise<ReadonlySet<number>> {
  const { rows } = await client.query(`SELECT to_regclass('mcp_oauth_broker.migrations') IS NOT NULL AS there`, [])
  if (rows[0]?.there !== true) return new Set()
  const known = await client.query('SELECT number FROM mcp_oauth_broker.migrations', [])
  return new Set(known.rows.map(({ number }) => Number(number)))
}
