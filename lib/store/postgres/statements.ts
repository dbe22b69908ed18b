/**
 * One SQL statement with its parameters. Each is sent alone, without a transaction, `SET` or a named statement, so that it works
 * behind a pooler.
 */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | number)[]
}

const records = 'mcp_oauth_broker.records'

/**
 * The migration that this release needs, by its number in `netlify/database/migrations`. A later schema works as well, because
 * migrations only add. The views for BI tools are not needed.
 */
export const requiredMigration = 1

/** PostgreSQL 15, in the form of `server_version_num`. */
export const oldestServer = 150_000

/** Reads the server's version and the number of its last migration. */
export const askForSchema: Statement = {
  text: `SELECT current_setting('server_version_num')::int AS server, max(number) AS migration FROM mcp_oauth_broker.migrations`,
  values: [],
}

/** Reads whether the role of this connection is a superuser. */
export const askForRole: Statement = {
  text: 'SELECT rolsuper AS superuser FROM pg_roles WHERE rolname = current_user',
  values: [],
}

/**
 * Every read also says whether the server is a standby. A standby may not have the latest writes yet, so its answer must not be
 * used.
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

/** If another writer holds the row, the server waits for it and then compares the version again. */
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

/** Removes up to `most` records of a site, in any order. */
export const removeSome = (site: string, most: number): Statement => ({
  text: `DELETE FROM ${records} WHERE site = $1 AND key IN (SELECT key FROM ${records} WHERE site = $1 LIMIT $2)`,
  values: [site, most],
})

/**
 * Lists keys in the order of their bytes. Every character of a key sorts before `~`, so the keys with a prefix lie between the
 * prefix and the prefix followed by `~`.
 */
export const listKeys = (site: string, prefix: string, after: string, most: number): Statement => ({
  text: `${aloneOr} (SELECT key FROM ${records} WHERE site = $1 AND key >= $2 AND key < $3 AND key > $4
    ORDER BY key LIMIT $5) AS found ON true`,
  values: [site, prefix, `${prefix}~`, after, most],
})
