/**
 * What the admin pages, their API and the command line read about usage. Every member reads records that the rollup composed, and
 * the events of today that are not rolled up yet. Nothing reads all people at once. Every function throws `StoreUnavailable`.
 */
export interface Reports {
  overview(range: Range, signal: AbortSignal): Promise<Overview>
  /** Sorted by `order`. The search is by prefix of the name or the domain. */
  companies(query: CompaniesQuery, signal: AbortSignal): Promise<Page<CompanyRow>>
  company(id: string, range: Range, signal: AbortSignal): Promise<CompanyReport | null>
  /** The newest person first; the people of one company in an order of no meaning. */
  people(query: PeopleQuery, signal: AbortSignal): Promise<Page<PersonRow>>
  person(sub: string, range: Range, signal: AbortSignal): Promise<PersonReport | null>
  /** Sorted by calls. `prefix` searches the names and the hosts of clients. */
  clients(range: Range, signal: AbortSignal, prefix?: string): Promise<readonly ClientRow[]>
  /** Every tool that was called, and every tool that the server offers. `calls: 0`: never called in the range. */
  tools(range: Range, signal: AbortSignal): Promise<readonly ToolRow[]>
  /** How many sign-ins reached each step, by client. */
  funnel(range: Range, signal: AbortSignal): Promise<readonly FunnelRow[]>
  /** Refused calls and steps by reason, the most frequent first. */
  refusals(range: Range, signal: AbortSignal): Promise<readonly RefusalRow[]>
  newThisWeek(signal: AbortSignal): Promise<NewThisWeek>
  /** One row for each person, company, client, happening, outcome and day. Those of a person come together. */
  exportUsage(range: Range, signal: AbortSignal, part?: ExportPart): AsyncIterable<UsageRow>
  exportPeople(signal: AbortSignal, part?: PeoplePart): AsyncIterable<PersonRow>
  /** How many people each of 64 parts has. Reads the keys of the people, and no record. */
  countPeople(signal: AbortSignal): Promise<readonly number[]>
  exportCompanies(range: Range, signal: AbortSignal): AsyncIterable<CompanyRow>
}

/** One of 16 parts of all people, from 0. An export of very many people does not end within the time of one answer. */
export type ExportPart = number
export const exportPartCount = 16 as const

/** Into how many parts an export of people may be divided. */
export const peoplePartCounts = [4, 16, 64] as const
/** The most people of one file. A file of so many ends within a third of the time of one answer. */
export const mostPeopleOfFile = 8_000

/** One part of an export of people: `index` from 0, of so many. */
export interface PeoplePart {
  readonly index: number
  readonly of: (typeof peoplePartCounts)[number]
}

/** The last so many days in UTC, today included. 1 is today alone. */
export interface Range {
  readonly days: 1 | 7 | 30 | 90
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Pass it to get the next page. Absent: this is the last page. */
  readonly next?: string
}

/** Counts of tool calls. `calls` includes the failed, the refused and the cancelled ones. */
export interface Counts {
  readonly calls: number
  readonly failed: number
  readonly refused: number
  readonly cancelled: number
}

/** A day as `yyyymmdd` in UTC, and its counts. */
export interface DayCounts extends Counts {
  readonly day: string
}

export interface OverviewDay extends DayCounts {
  /** People who called a tool on that day; an anonymous caller is no person. */
  readonly people: number
  readonly companies: number
  /** Completed sign-ins. */
  readonly signIns: number
}

export interface Overview extends Counts {
  /** One entry for each day of the range, the oldest first, days without a call included. */
  readonly days: readonly OverviewDay[]
  readonly anonymousCalls: number
  /** Calls of programs that act for themselves, and of no person. */
  readonly machineCalls: number
  /**
   * Different people and companies in the range. `through` is the last day that these count, as `yyyymmdd`: yesterday, unless the
   * range is today alone.
   */
  readonly people: number
  readonly companies: number
  readonly through: string
  /** Milliseconds within which half of the calls, and 95 of 100, were answered. Absent without a call. At most 5 % off. */
  readonly p50?: number
  readonly p95?: number
}

export interface CompaniesQuery extends PageQuery {
  readonly range: Range
  /** Prefix of the name or the domain, in any case. */
  readonly search?: string
  /** Default `calls`. */
  readonly order?: 'calls' | 'people' | 'errors' | 'newest' | 'name'
}

export interface PageQuery {
  readonly cursor?: string
  /** Rows of a page, at most 100. Default 50. */
  readonly limit?: number
}

export interface CompanyRow extends Counts {
  /** Our own id of the company, for `company(id)`. `-` stands for people without a company. */
  readonly id: string
  readonly name?: string
  readonly domain?: string
  /** Different people of the company who were active in the range, until yesterday; on the first day, today. */
  readonly people: number
  /** The day of the first event, `yyyymmdd`. */
  readonly since: string
  /** The day of the latest event, `yyyymmdd`. */
  readonly lastDay: string
}

export interface CompanyReport extends CompanyRow {
  readonly days: readonly DayCounts[]
  /** By client and tool, the most frequent first. */
  readonly use: readonly UseRow[]
}

/** How often one client called one tool. */
export interface UseRow extends Counts {
  readonly client: ClientName
  readonly tool: string
}

export interface ClientName {
  /** Our own id of the client, or of all clients that registered under one name. */
  readonly id: string
  /** What the client calls itself. Absent: it has no name, or signed in before this release. */
  readonly name?: string
  /** The host of its metadata document, which proves the publisher. */
  readonly host?: string
  /** A program of the settings that acts for itself, and no person. */
  readonly machine?: true
  /** The versions that the client says it has, at most five, the one that was seen last first. Absent: it has said none. */
  readonly versions?: readonly string[]
}

export interface PeopleQuery extends PageQuery {
  readonly range: Range
  /** Only the people of this company. */
  readonly company?: string
  /** Only the people with exactly this email address, in any case. */
  readonly email?: string
}

export interface PersonRow extends Counts {
  readonly sub: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly name?: string
  readonly company?: { readonly id: string; readonly name?: string; readonly domain?: string }
  /** Seconds since the epoch. From the first sign-in. */
  readonly firstSeenAt?: number
  /** Seconds since the epoch: the latest call or sign-in. */
  readonly lastSeenAt?: number
  /** Calls of all times. */
  readonly totalCalls: number
}

export interface PersonReport extends PersonRow {
  readonly days: readonly DayCounts[]
  readonly use: readonly UseRow[]
  readonly connections: readonly {
    readonly clientHash: string
    readonly name?: string
    readonly host?: string
    /** Seconds since the epoch. */
    readonly firstSeenAt: number
    readonly lastSeenAt: number
  }[]
}

export interface ClientRow extends Counts {
  readonly client: ClientName
  readonly signIns: number
  readonly p50?: number
  readonly p95?: number
}

export interface ToolRow extends Counts {
  readonly tool: string
  /** Whether this server offers the tool now. */
  readonly offered: boolean
  /** Milliseconds, at most 5 % off. Absent without a call. */
  readonly p50?: number
  readonly p95?: number
}

export interface FunnelRow {
  readonly client: ClientName
  /** In the order of a sign-in. */
  readonly steps: readonly {
    readonly step: string
    readonly ok: number
    readonly refused: number
    readonly failed: number
  }[]
}

export interface RefusalRow {
  readonly what: 'call' | 'step'
  /** The tool or the step. */
  readonly name: string
  readonly kind: 'failed' | 'refused'
  readonly reason: string
  readonly count: number
}

export interface NewThisWeek {
  /** How many people signed in for the first time in the last seven days, today included. */
  readonly peopleCount: number
  /** The latest 50 of them. */
  readonly people: readonly PersonRow[]
  readonly companyCount: number
  readonly companies: readonly CompanyRow[]
}

export interface UsageRow {
  readonly day: string
  /** The pseudonym of the person for exports, the same in every export; `machine` for a program. Absent: anonymous, or forgotten. */
  readonly person?: string
  readonly company?: string
  readonly client: string
  readonly what: 'call' | 'step'
  readonly name: string
  readonly outcome: string
  readonly count: number
}
