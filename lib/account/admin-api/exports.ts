import type { AuditPage, AuditQuery } from '../../people/audit/query.ts'
import type { ExportPart, PeoplePart, Range, Reports } from '../../people/reports/reports.ts'
import type { ExportName } from '../admin/actions.ts'
import type { Cell } from './csv.ts'

/** One export: its rows as objects, and the cells of a row under these columns. */
export interface Export<Row> {
  readonly columns: readonly string[]
  rows(signal: AbortSignal): AsyncIterable<Row>
  cells(row: Row): readonly Cell[]
}

/** What exports read. */
export interface ExportSource {
  readonly reports: Pick<Reports, 'exportUsage' | 'exportPeople' | 'exportCompanies'>
  auditEntries(query: AuditQuery, signal: AbortSignal): Promise<AuditPage>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export const exportNames = ['usage', 'people', 'companies', 'audit'] as const satisfies readonly ExportName[]

/** The exports that can be requested part by part. */
export const exportsInParts = ['usage', 'people'] as const satisfies readonly ExportName[]

/** Which rows of an export are wanted. */
export interface ExportChoice {
  readonly range: Range
  /** For usage. Absent: all people. */
  readonly part?: ExportPart | undefined
  /** For people. Absent: all of them. */
  readonly peoplePart?: PeoplePart | undefined
}

/** Calls `use` with the export of a name, so that each export keeps its own type of row. */
export function withExport<Result>(
  name: ExportName,
  { range, part, peoplePart }: ExportChoice,
  source: ExportSource,
  use: <Row>(found: Export<Row>) => Result,
): Result {
  if (name === 'usage') return use(usage(source, range, part))
  if (name === 'people') return use(people(source, peoplePart))
  return name === 'companies' ? use(companies(source, range)) : use(audit(source, range))
}

/** Writes seconds since the epoch as ISO 8601. */
const timeOf = (seconds: number | undefined) =>
  seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()

const counts = ['calls', 'failed', 'refused', 'cancelled'] as const

const usage = ({ reports }: ExportSource, range: Range, part: ExportPart | undefined) =>
  exported(
    (signal) => reports.exportUsage(range, signal, part),
    ['day', 'person', 'company', 'client', 'what', 'name', 'outcome', 'count'],
    (row) => [row.day, row.person, row.company, row.client, row.what, row.name, row.outcome, row.count],
  )

const people = ({ reports }: ExportSource, part: PeoplePart | undefined) =>
  exported(
    (signal) => reports.exportPeople(signal, part),
    [
      ...['sub', 'email', 'email_verified', 'name', 'company', 'company_id', 'first_seen', 'last_seen'],
      ...[...counts, 'total_calls'],
    ],
    (row) => [
      ...[row.sub, row.email, row.emailVerified, row.name, row.company?.name ?? row.company?.domain, row.company?.id],
      ...[timeOf(row.firstSeenAt), timeOf(row.lastSeenAt), ...counts.map((name) => row[name]), row.totalCalls],
    ],
  )

const companies = ({ reports }: ExportSource, range: Range) =>
  exported(
    (signal) => reports.exportCompanies(range, signal),
    ['id', 'name', 'domain', 'people', 'since', 'last_day', ...counts],
    (row) => [row.id, row.name, row.domain, row.people, row.since, row.lastDay, ...counts.map((name) => row[name])],
  )

const audit = (source: ExportSource, range: Range) =>
  exported(
    (signal) => auditRows(source, range, signal),
    ['at', 'action', 'person', 'actor', 'client', 'attempt', 'grant', 'reason', 'detail'],
    (row) => [
      ...[new Date(row.at).toISOString(), row.action, row.person, row.actor, row.client],
      ...[row.attempt, row.grant, row.reason, row.detail],
    ],
  )

async function* auditRows({ auditEntries, now }: ExportSource, { days }: Range, signal: AbortSignal) {
  const to = now() + 1
  const range = { from: to - days * 86_400_000, to, limit: 200 }
  let cursor: string | undefined
  do {
    const page = await auditEntries({ ...range, ...(cursor !== undefined && { cursor }) }, signal)
    yield* page.entries
    cursor = page.next
  } while (cursor !== undefined)
}

const exported = <Row>(
  rows: Export<Row>['rows'],
  columns: readonly string[],
  cells: Export<Row>['cells'],
): Export<Row> => ({ columns, rows, cells })
