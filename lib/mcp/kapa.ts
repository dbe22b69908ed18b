import { type CallToolResult, ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/server'
import type { Log } from '../log.ts'
import type { AccessToken } from './bearer.ts'
import { connectUpstream, type UpstreamConnection, unlessAborted } from './upstream-connection.ts'
import { UpstreamAnswerError, UpstreamConnectionError, UpstreamHttpError } from './upstream-transport.ts'

export interface KapaOptions {
  readonly url: string
  readonly apiKey: string
  /** The tool of Kapa's server that takes `{ query }`. */
  readonly toolName: string
  /** How we introduce ourselves to Kapa. */
  readonly client: { readonly name: string; readonly version: string }
  /** Milliseconds: the handshake, one call, and everything together, the retry included. */
  readonly connectTimeout?: number
  readonly callTimeout?: number
  readonly totalTimeout?: number
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** Whom Kapa is told about. Kapa's own names: they go into `_meta.user` as they are. */
export interface KapaUser {
  readonly email: string
  readonly company_name?: string
}

export type KapaAnswer =
  | { readonly kind: 'answer'; readonly result: CallToolResult }
  /** `detail` comes from a short list of our own phrases: nothing of what Kapa or the network said. */
  | {
      readonly kind: 'failure'
      readonly code: 'timeout' | 'upstream_error'
      readonly detail: string
      readonly durationMs: number
    }

export interface KapaClient {
  /** Never throws. The query is never logged. */
  ask(query: string, user: KapaUser | undefined, signal: AbortSignal): Promise<KapaAnswer>
}

type Attempt = { readonly ok: true; readonly result: CallToolResult } | { readonly ok: false; readonly error: unknown }

/**
 * Asks Kapa's hosted MCP server with the service's own key; a user's token never goes there (S-08). One connection is
 * shared by all calls of a warm instance and replaced after an error.
 */
export function createKapaClient(options: KapaOptions): KapaClient {
  const { url, apiKey, toolName, client, log, now = Date.now } = options
  const { connectTimeout = 8_000, callTimeout = 22_000, totalTimeout = 45_000 } = options
  let connection: Promise<UpstreamConnection> | undefined

  /** Belongs to no request: whoever comes meanwhile shares it, and one that goes away does not take it along. */
  function connect(): Promise<UpstreamConnection> {
    if (connection !== undefined) return connection
    const opening = connectUpstream({
      url,
      headers: { authorization: `Bearer ${apiKey}` },
      clientInfo: client,
      connectTimeout,
    })
    connection = opening
    opening.catch(() => forget(opening))
    return opening
  }

  function forget(used: Promise<UpstreamConnection>): void {
    if (connection === used) connection = undefined
  }

  async function attempt(query: string, user: KapaUser | undefined, signal: AbortSignal): Promise<Attempt> {
    const used = connect()
    try {
      const upstream = await unlessAborted(used, signal)
      const call = { name: toolName, arguments: { query }, ...(user !== undefined && { _meta: { user } }) }
      return { ok: true, result: await upstream.callTool(call, { signal, timeout: callTimeout }) }
    } catch (error) {
      // An error that the server spelled out came over a sound connection; one that goes away leaves it as it is.
      if (!(error instanceof ProtocolError) && !signal.aborted) forget(used)
      return { ok: false, error }
    }
  }

  /** B5: once more without `_meta` where that was the trouble, once more on anything that may pass, and never a third. */
  async function askTwiceAtMost(query: string, user: KapaUser | undefined, signal: AbortSignal): Promise<Attempt> {
    const first = await attempt(query, user, signal)
    if (signal.aborted) return first
    if (user !== undefined && complainsAboutMetadata(first)) return attempt(query, undefined, signal)
    if (first.ok) return first
    return isTransient(first.error) ? attempt(query, user, signal) : first
  }

  return {
    async ask(query, user, signal) {
      const startedAt = now()
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(), totalTimeout)
      try {
        const last = await askTwiceAtMost(query, user, AbortSignal.any([signal, deadline.signal]))
        const durationMs = now() - startedAt
        if (last.ok) {
          log('kapa_answered', { durationMs, user: user !== undefined, isError: last.result.isError === true })
          return { kind: 'answer', result: last.result }
        }
        const code = deadline.signal.aborted || isTimeout(last.error) ? 'timeout' : 'upstream_error'
        const detail = describe(last.error)
        log('kapa_failed', { durationMs, user: user !== undefined, code, detail, cancelled: signal.aborted })
        return { kind: 'failure', code, detail, durationMs }
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** F-000-81: whom Kapa hears about. Nobody without an e-mail address; the company is its domain when no name is known. */
export function kapaUser(token: AccessToken | undefined): KapaUser | undefined {
  if (token?.email === undefined) return undefined
  const domain = /@([^@]+)$/.exec(token.email)?.[1]?.toLowerCase()
  const company = token.organization?.name ?? domain
  return { email: token.email, ...(company !== undefined && { company_name: company }) }
}

function isTimeout(error: unknown): boolean {
  return error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout
}

function isTransient(error: unknown): boolean {
  if (error instanceof UpstreamConnectionError || isTimeout(error)) return true
  // 404: the server has forgotten our session (MCP 2025-11-25, "Session Management").
  return error instanceof UpstreamHttpError && [404, 429, 503].includes(error.status)
}

/** Servers say it by HTTP, by a JSON-RPC error or by a tool result with `isError`: whichever checks their input. */
function complainsAboutMetadata(attempt: Attempt): boolean {
  return /_meta|metadata/i.test(complaint(attempt))
}

function complaint(attempt: Attempt): string {
  if (attempt.ok) return attempt.result.isError === true ? JSON.stringify(attempt.result.content) : ''
  if (attempt.error instanceof UpstreamHttpError) return attempt.error.text
  return attempt.error instanceof ProtocolError ? attempt.error.message : ''
}

function describe(error: unknown): string {
  if (isTimeout(error)) return 'no answer in time'
  if (error instanceof UpstreamHttpError) return `HTTP ${error.status}`
  if (error instanceof UpstreamConnectionError) return 'connection failed'
  if (error instanceof UpstreamAnswerError || error instanceof SdkError) return 'not an MCP answer'
  if (error instanceof ProtocolError) return `error ${error.code}`
  return 'unexpected failure'
}
