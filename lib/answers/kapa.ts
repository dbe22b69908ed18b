import { isTooDeep } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { mailDomain } from '../people/mail-domain.ts'
import type { AccessToken } from '../resource-server/bearer.ts'
import type { UpstreamAnswer, UpstreamTimings } from './calls.ts'
import { createUpstreamServer } from './mcp-client.ts'

/** Who answers questions from the documentation. */
export interface AnswerService {
  /** Never throws. The question is never logged. */
  ask(question: string, options: AskOptions): Promise<UpstreamAnswer>
}

export interface AskOptions {
  /** Whoever asks; `undefined`: nobody knows. */
  readonly user: KapaUser | undefined
  /** How many passages at most; the hosted MCP server cannot be told. */
  readonly topK?: number | undefined
  readonly signal: AbortSignal
}

/** Whom Kapa is told about. Kapa's own names: they go into the hosted server's `_meta.user` as they are. */
export interface KapaUser {
  readonly email: string
  readonly company_name?: string
}

export interface KapaOptions extends UpstreamTimings {
  readonly url: string
  readonly apiKey: string
  /** The tool of Kapa's server that takes `{ query }`. */
  readonly toolName: string
  /** How we introduce ourselves to Kapa. */
  readonly client: { readonly name: string; readonly version: string }
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** Asks Kapa's hosted MCP server with the service's own key; a user's token never goes there (S-08). */
export function createKapa({ apiKey, toolName, log, ...options }: KapaOptions): AnswerService {
  const server = createUpstreamServer({
    ...options,
    headers: { authorization: `Bearer ${apiKey}` },
    report: reportKapa(log),
  })
  return { ask: (query, { user, signal }) => server.call(toolName, { query }, { user, signal }) }
}

/** A passage of the documentation, as Kapa gives it, with whatever else it says of it. */
export interface KapaPassage {
  /** Absent where a source is published nowhere. */
  readonly source_url?: string
  readonly content: string
}

/** The passage in a value; `undefined`: there is none to read in it. Members that are null are left out. */
export function passageFrom(value: unknown): KapaPassage | undefined {
  if (typeof value !== 'object' || value === null || !('content' in value)) return undefined
  const { content } = value
  if (typeof content !== 'string' || content.trim() === '' || isTooDeep(value)) return undefined
  const others = Object.entries(value).filter(([name, member]) => member !== null && name !== 'source_url')
  const address = 'source_url' in value && typeof value.source_url === 'string' ? value.source_url : ''
  return { ...(address !== '' && { source_url: address }), ...Object.fromEntries(others), content }
}

/** How a question to Kapa ended, whichever way it was asked. */
export const reportKapa =
  (log: Log) =>
  (ended: 'answered' | 'failed', fields: Parameters<Log>[1]): void =>
    ended === 'answered' ? log('kapa_answered', fields) : log('kapa_failed', fields)

/** F-000-81: whom Kapa hears about. Nobody without an e-mail address; the company is its domain when no name is known. */
export function kapaUser(token: AccessToken | undefined): KapaUser | undefined {
  if (token?.email === undefined) return undefined
  const company = token.organization?.name ?? mailDomain(token.email)
  return { email: token.email, ...(company !== null && { company_name: company }) }
}
