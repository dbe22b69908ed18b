import type { CallToolResult } from '@modelcontextprotocol/server'
import { withDeadline } from '../base/deadline.ts'
import type { Log } from '../base/log.ts'
import { toJson, wellFormedTexts } from '../base/well-formed.ts'
import { type Attempt, createCaller, type UpstreamTimings } from './calls.ts'
import { unlessAborted } from './connection.ts'
import { type AnswerService, type KapaPassage, type KapaUser, passageFrom, reportKapa } from './kapa.ts'
import {
  connectionErrors,
  parsed,
  readText,
  throwUnlessOk,
  UpstreamAnswerError,
  UpstreamHttpError,
} from './transport.ts'

export interface KapaRetrievalOptions extends Omit<UpstreamTimings, 'connectTimeout'> {
  /** Base of Kapa's REST API. */
  readonly url: string
  readonly projectId: string
  /** Labels our questions in Kapa's statistics, and nothing else. */
  readonly integrationId: string | undefined
  readonly apiKey: string
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** How many passages Kapa gives: what it takes, and what is asked for if nobody says. */
const passages = { least: 1, most: 15, usual: 5 }

/**
 * Asks Kapa's REST API for passages, for a project that has no hosted MCP server. Each passage becomes a
 * text that holds it as JSON, as the hosted server gives it. `callTimeout` is for one try, connecting included.
 */
export function createKapaRetrieval(options: KapaRetrievalOptions): AnswerService {
  const { url, projectId, integrationId, apiKey, log, callTimeout = 22_000, totalTimeout, now } = options
  const endpoint = `${url.replace(/\/+$/, '')}/query/v1/projects/${encodeURIComponent(projectId)}/retrieval/`
  const caller = createCaller({
    totalTimeout,
    now,
    report: reportKapa(log),
    refusesPerson,
    malformed: 'not a list of passages',
  })

  async function retrieve(body: object, signal: AbortSignal): Promise<CallToolResult> {
    const response = await connectionErrors(
      fetch(endpoint, {
        method: 'POST',
        headers: { 'x-api-key': apiKey, 'content-type': 'application/json', accept: 'application/json' },
        body: toJson(wellFormedTexts(body)),
        // A redirect would carry our key elsewhere.
        redirect: 'manual',
        signal,
      }),
    )
    await throwUnlessOk(response)
    const found = passagesOf(await readText(response))
    return { content: found.map((passage) => ({ type: 'text', text: toJson(passage) })) }
  }

  return {
    ask(query, { user, topK, signal }) {
      const question = {
        query,
        top_k: clamped(topK),
        ...(integrationId !== undefined && { integration_id: integrationId }),
      }
      return caller.call(
        (saysWho, signal) => {
          const body = { ...question, ...(saysWho && user && { user: personOf(user) }) }
          return withDeadline(callTimeout, (late) => {
            const ended = AbortSignal.any([signal, late])
            return unlessAborted(retrieve(body, ended), ended)
          })
        },
        { saysWho: user !== undefined, signal },
      )
    },
  }
}

const clamped = (topK = passages.usual) => Math.min(Math.max(Math.trunc(topK), passages.least), passages.most)

/** Kapa's REST API has the company among the metadata of a person, its MCP server beside the address. */
const personOf = ({ email, company_name }: KapaUser) => ({
  email,
  ...(company_name !== undefined && { metadata: { company_name } }),
})

/** A 400 names the fields that it does not like. */
function refusesPerson(attempt: Attempt): boolean {
  if (attempt.ok || !(attempt.error instanceof UpstreamHttpError)) return false
  return attempt.error.status === 400 && /\b(?:user|metadata)\b/i.test(attempt.error.text)
}

/** Those that can be read, however odd the others are. Throws `UpstreamAnswerError` where there is none among them. */
function passagesOf(text: string): readonly KapaPassage[] {
  const found = parsed(text)
  if (!Array.isArray(found)) throw new UpstreamAnswerError('no list of passages')
  const passages = found.flatMap((item) => passageFrom(item) ?? [])
  if (passages.length === 0 && found.length > 0) throw new UpstreamAnswerError('no passage among them')
  return passages
}
