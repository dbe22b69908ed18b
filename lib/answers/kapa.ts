import { defined } from '../base/defined.ts'
import { isObject, isTooDeep } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { mailDomain } from '../base/mail-domain.ts'
import type { Person } from '../people/person.ts'
import type { Answer, Report } from './calls.ts'
import { createMcpClient, type McpClientOptions } from './mcp-client.ts'

/** The service that answers questions from the documentation. */
export interface AnswerService {
  /** Never throws. The question is never logged. */
  ask(question: string, options: AskOptions): Promise<Answer>
}

export interface AskOptions {
  /** The user who asks; `undefined`: unknown. */
  readonly user: KapaUser | undefined
  /** The most passages to return. Kapa's hosted MCP server has no parameter for it. */
  readonly topK?: number | undefined
  /** The most characters that the client wants. Kapa may send more. */
  readonly most?: number | undefined
  /** The MCP client that asks, as it names itself. */
  readonly client?: { readonly name: string; readonly version: string } | undefined
  readonly signal: AbortSignal
}

/** The user that Kapa is told about, by Kapa's own names: it goes into the hosted server's `_meta.user` as it is. */
export interface KapaUser {
  readonly email: string
  readonly company_name?: string
}

export interface KapaOptions extends Omit<McpClientOptions, 'name' | 'headers' | 'report'> {
  readonly apiKey: string
  /** The tool of Kapa's server that takes `{ query }`. */
  readonly toolName: string
  readonly log: Log
}

/** Asks Kapa's hosted MCP server with the service's own key. A user's token never goes there (S-08). */
export function createKapa({ apiKey, toolName, log, ...options }: KapaOptions): AnswerService {
  const server = createMcpClient({
    ...options,
    name: 'kapa',
    headers: { authorization: `Bearer ${apiKey}` },
    report: reportKapa(log),
  })
  return { ask: (query, { user, signal }) => server.call(toolName, { query }, { user, signal }) }
}

/** A passage of the documentation as Kapa gives it, with any other members. */
export interface KapaPassage {
  /** Absent if the source is not published. */
  readonly source_url?: string
  readonly content: string
}

/** Reads a passage, without the members that are null. Returns `undefined` if the value is not a passage. */
export function passageFrom(value: unknown): KapaPassage | undefined {
  if (!isObject(value)) return undefined
  const { content, source_url: url } = value
  if (typeof content !== 'string' || content.trim() === '' || isTooDeep(value)) return undefined
  const others = Object.entries(value).filter(([name, member]) => member !== null && name !== 'source_url')
  const address = typeof url === 'string' && url !== '' ? url : undefined
  return { ...defined({ source_url: address }), ...Object.fromEntries(others), content }
}

/** Logs how a question to Kapa ended. */
export const reportKapa =
  (log: Log): Report =>
  (ended, fields) =>
    ended === 'answered' ? log('kapa_answered', fields) : log('kapa_failed', fields)

/** The user that Kapa is told about (F-000-81): none without an email address. Without a company name, its domain stands in. */
export function kapaUser(person: Person | undefined): KapaUser | undefined {
  if (person?.email === undefined) return undefined
  const company = person.organization?.name ?? mailDomain(person.email)
  return defined({ email: person.email, company_name: company ?? undefined })
}
