/**
 * What an error says about a statement:
 * - `not done`: the statement had no effect, and a repetition may succeed.
 * - `refused`: the statement had no effect, and a repetition cannot succeed.
 * - `unknown`: the statement may have taken effect. There was no answer, or an unclear one.
 */
export type Failure = { readonly kind: 'not done' | 'refused' | 'unknown'; readonly reason: string }

/**
 * Reads the SQLSTATE of an error.
 *
 * A single statement is its own transaction. An error means that the server has rolled it back, unless the connection ended with
 * the error (classes 08, 57P and 58) or the server says that the outcome is unknown (40003).
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error)
  // Node's own codes, such as `ECONNRESET`, have another form.
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return { kind: 'unknown', reason: code ?? 'no answer' }
  const reason = reasons[code] ?? `SQLSTATE ${code}`
  if (code === '40003') return { kind: 'unknown', reason }
  // A conflict with another transaction, resources that are used up, a lock or a timeout, a server that is read-only now.
  if (/^(?:40|53|55P03$|57014$|25006$)/.test(code)) return { kind: 'not done', reason }
  if (/^(?:0A|22|23|25|28|3D|3F|42|54)/.test(code)) return { kind: 'refused', reason }
  return { kind: 'unknown', reason }
}

/** Does the same for an error while connecting, when no statement has been sent yet. */
export function connectFailureOf(error: unknown): Failure {
  const { kind, reason } = failureOf(error)
  return { kind: kind === 'unknown' ? 'not done' : kind, reason }
}

/** Whether the server refuses writes on this connection, because it has become a standby. */
export const isReadOnly = (error: unknown) => codeOf(error) === '25006'

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const notMigrated = 'the database lacks a migration: npm run store -- migrate'

/** Reasons for the log. They contain no value, address or name of the database. */
const reasons: Readonly<Record<string, string>> = {
  '25006': 'the database is read-only (SQLSTATE 25006)',
  '28000': 'the database refuses the user (SQLSTATE 28000)',
  '28P01': 'the database refuses the password (SQLSTATE 28P01)',
  '3D000': 'there is no such database (SQLSTATE 3D000)',
  '3F000': notMigrated,
  '42501': 'the database user lacks a right on the schema mcp_oauth_broker (SQLSTATE 42501)',
  '42703': notMigrated,
  '42P01': notMigrated,
  '53300': 'the database has no connection left (SQLSTATE 53300)',
  '57014': 'a statement took too long (SQLSTATE 57014)',
}
