import type { CallToolResult } from '@modelcontextprotocol/server'
import { defined } from '../../../base/defined.ts'
import type { Range, Reports } from '../../../people/reports/reports.ts'
import type { AdminToolName } from '../../../people/roles/admin-tool-names.ts'
import type { AccessToken } from '../../../resource-server/bearer.ts'
import { StoreUnavailable } from '../../../store/store.ts'
import { adminScope } from '../../admin-tools.ts'
import { defineTool } from '../define-tool.ts'
import { failure } from '../failure.ts'
import { success } from '../success.ts'
import type { ObjectSchema, Tool } from '../tool.ts'
import { clientOf, companyOf, countsOf, dayText, note } from './marked.ts'
import * as schemas from './schemas.ts'

export interface UsageToolsOptions {
  /** Makes the reports of one call. */
  reports(): Reports
  /** Writes the call into the audit log. It is awaited before anything is read. Throws `StoreUnavailable`. */
  audit(token: AccessToken, tool: AdminToolName, range: Range, signal: AbortSignal): Promise<void>
}

/** What a tool reads. */
interface Asked<Input> {
  readonly reports: Reports
  readonly range: Range
  readonly input: Input
  readonly signal: AbortSignal
}

interface UsageTool<Input> {
  readonly name: AdminToolName
  readonly title: string
  readonly description: string
  readonly input: Readonly<Record<string, object>>
  readonly required?: readonly string[]
  readonly output: ObjectSchema
  /** Returns what the tool found; `null`: there is no such thing. */
  read(asked: Asked<Input>): Promise<Readonly<Record<string, unknown>> | null>
}

const defaultRows = 20

/**
 * Makes the tools with which an admin asks for usage: which companies, through what, and whether it failed. They read the same
 * reports as `/admin`, change nothing and show no person (N8).
 */
export function usageTools({ reports, audit }: UsageToolsOptions): readonly Tool[] {
  function tool<Input extends { readonly days?: Range['days'] }>(options: UsageTool<Input>): Tool {
    const { name, read, input, required = [], ...texts } = options
    return defineTool<Input>({
      ...texts,
      name,
      access: { signIn: 'always', scopes: ['docs:read', adminScope] },
      hints: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
      input: schemas.object({ ...schemas.range, ...input }, required),
      async run(given, { token, signal }) {
        // The endpoint offers the tool to admins only.
        if (!token?.scope.includes(adminScope)) throw new TypeError('a caller who is no admin')
        const range: Range = { days: given.days ?? 7 }
        try {
          await audit(token, name, range, signal)
          const found = await read({ reports: reports(), range, input: given, signal })
          return found ? success({ days: range.days, note, ...found }) : nothingFound
        } catch (error) {
          if (error instanceof StoreUnavailable) return unavailable
          throw error
        }
      },
    })
  }

  return [
    tool({
      name: 'usage_overview',
      title: 'Usage: overview',
      description:
        'Says how many calls, people and companies there were, how many calls failed, and how fast they were.',
      input: {},
      output: schemas.overviewOutput,
      async read({ reports, range, signal }) {
        const overview = await reports.overview(range, signal)
        const { people, companies, anonymousCalls: anonymous_calls, machineCalls: machine_calls, p50, p95 } = overview
        const days = overview.days.map((row) => ({
          ...{ day: dayText(row.day), ...countsOf(row) },
          ...{ people: row.people, companies: row.companies, sign_ins: row.signIns },
        }))
        const times = defined({ p50_ms: p50, p95_ms: p95 })
        return { ...countsOf(overview), people, companies, anonymous_calls, machine_calls, ...times, by_day: days }
      },
    }),
    tool<{
      readonly days?: Range['days']
      readonly search?: string
      readonly order?: 'calls' | 'people' | 'errors' | 'newest' | 'name'
      readonly limit?: number
      readonly cursor?: string
    }>({
      name: 'usage_companies',
      title: 'Usage: companies',
      description: 'Lists the companies whose people asked, with their calls and failures.',
      input: {
        search: { type: 'string', maxLength: 100, description: 'How the name or the domain begins.' },
        order: { type: 'string', enum: ['calls', 'people', 'errors', 'newest', 'name'], description: 'Default calls.' },
        ...schemas.limit,
        cursor: { type: 'string', maxLength: 500, description: 'The next of an earlier answer.' },
      },
      output: schemas.companiesOutput,
      async read({ reports, range, input: { search, order, cursor, limit = defaultRows }, signal }) {
        const page = await reports.companies({ range, limit, ...defined({ search, order, cursor }) }, signal)
        return { companies: page.rows.map(companyOf), ...defined({ next: page.next }) }
      },
    }),
    tool<{ readonly days?: Range['days']; readonly id: string; readonly limit?: number }>({
      name: 'usage_company',
      title: 'Usage: one company',
      description: 'Says with which clients and tools one company asked, on which days, and what failed.',
      input: {
        id: { type: 'string', maxLength: 200, description: 'The id from usage_companies.' },
        ...schemas.limit,
      },
      required: ['id'],
      output: schemas.companyOutput,
      async read({ reports, range, input: { id, limit = defaultRows }, signal }) {
        const company = await reports.company(id, range, signal)
        return (
          company && {
            company: companyOf(company),
            use: company.use
              .slice(0, limit)
              .map((row) => ({ client: clientOf(row.client), tool: row.tool, ...countsOf(row) })),
            by_day: company.days.map((row) => ({ day: dayText(row.day), ...countsOf(row) })),
          }
        )
      },
    }),
    tool<{ readonly days?: Range['days']; readonly limit?: number }>({
      name: 'usage_tools_and_clients',
      title: 'Usage: tools and clients',
      description: 'Lists the tools and the clients by calls, with failures, answer times and sign-ins.',
      input: schemas.limit,
      output: schemas.toolsAndClientsOutput,
      async read({ reports, range, input: { limit = defaultRows }, signal }) {
        const [tools, clients] = await Promise.all([reports.tools(range, signal), reports.clients(range, signal)])
        return {
          tools: tools.slice(0, limit).map((row) => ({ tool: row.tool, ...countsOf(row), ...timesOf(row) })),
          clients: clients.slice(0, limit).map((row) => ({
            ...{ client: clientOf(row.client), ...countsOf(row), sign_ins: row.signIns },
            ...timesOf(row),
          })),
        }
      },
    }),
    tool<{ readonly days?: Range['days']; readonly limit?: number }>({
      name: 'usage_sign_ins',
      title: 'Usage: sign-ins',
      description: 'Says how far sign-ins get with each client, and why calls and steps were refused or failed.',
      input: schemas.limit,
      output: schemas.signInsOutput,
      async read({ reports, range, input: { limit = defaultRows }, signal }) {
        const [funnel, refusals] = await Promise.all([reports.funnel(range, signal), reports.refusals(range, signal)])
        return {
          clients: funnel.slice(0, limit).map(({ client, steps }) => ({ client: clientOf(client), steps })),
          refusals: refusals.slice(0, limit),
        }
      },
    }),
  ]
}

const timesOf = ({ p50, p95 }: { readonly p50?: number; readonly p95?: number }) =>
  defined({ p50_ms: p50, p95_ms: p95 })

const nothingFound: CallToolResult = failure({
  error: 'not_found',
  message: 'There is no company with this id. Take the id from usage_companies.',
})

const unavailable: CallToolResult = failure({
  error: 'unavailable',
  message: 'The reports cannot be read right now. Try again in a moment.',
})
