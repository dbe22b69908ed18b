/** One SQL statement with its parameters. Each is sent alone: no transaction, no `SET`, no named statement, so that poolers work. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | number)[]
}

const records = 'mcp_oauth_broker.records'

/**
 * The migration that this release needs, by its number in `netlify/database/migrations`. The schema of a later one will do too,
 * because migrations only add. The views for BI tools are not needed.
 */
export const requiredMigration = 1

/** PostgreSQL 15, as `server_version_num` says it. */
export const oldestServer = 150_000

/** Asks for the server's version and for the last migration that it has. */
export const askForSchema: Statement = {
  text: `SELECT current_setting('server_version_num')::int AS server, max(number) AS migration FROM mcp_oauth_broker.migrations`,
  values: [],
}

/**
 * Every read also says whether the server is a standby. A standby may be behind the writes that were answered, and so must not
 * decide anything.
 */
const aloneOr = `SELECT pg_is_in_recovery() AS standby, found.* FROM (VALUES (1)) AS always LEFT JOIN LATERAL`

export const readOne = (site: string, key: string): Statement => ({
  text: `${aloneOr} (SELECT value, version FROM ${records} WHERE site = $1 AND key = $2) AS found ON true`,
  values: [site, key],
})

export const insert = (site: string, key: string, value: string, version: string): Statement => ({
  text: `INSERT INTO ${records} (site, key, value, version) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
  values: [site, key, value, version],
})

/** Where another writer holds the row, the server waits and then compares the version again. */
export const update = (site: string, key: string, value: string, version: string, expected: string): Statement => ({
  text: `UPDATE ${records} SET value = $3, version = $4 WHERE site = $1 AND key = $2 AND version = $5`,
  values: [site, key, value, version, expected],
})

export const upsert = (site: string, key: string, value: string, version: string): Statement => ({
  text: `INSERT INTO ${records} (site, key, value, version) VALUES ($1, $2, $3, $4)
    ON CONFLICT (site, key) DO UPDATE SET value = excluded.value, version = excluded.version`,
  values: [site, key, value, version],
})

export const removeOne = (site: string, key: string): Statement => ({
  text: `DELETE FROM ${records} WHERE site = $1 AND key = $2`,
  values: [site, key],
})

/** Removes so many records of a site. Which of them does not matter. */
export const removeSome = (site: string, most: number): Statement => ({
  text: `DELETE FROM ${records} WHERE site = $1 AND key IN (SELECT key FROM ${records} WHERE site = $1 LIMIT $2)`,
  values: [site, most],
})

/**
 * Lists keys in the order of their bytes. Every character of a key is before `~`, so that the keys with a prefix are those
 * from the prefix on and before the prefix with `~`.
 */
export const listKeys = (site: string, prefix: string, after: string, most: number): Statement => ({
  text: `${aloneOr} (SELECT key FROM ${records} WHERE site = $1 AND key >= $2 AND key < $3 AND key > $4
    ORDER BY key LIMIT $5) AS found ON true`,
  values: [site, prefix, `${prefix}~`, after, most],
})
