import type { CallToolResult } from '@modelcontextprotocol/server'
import { untilAborted, withDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { jsonOf } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { measured } from '../base/telemetry.ts'
import { toJson, wellFormedTexts } from '../base/well-formed.ts'
import { type Attempt, createCaller, type Timeouts } from './calls.ts'
import { HttpError, MalformedAnswer } from './errors.ts'
import { connectionErrors, readText, throwUnlessOk } from './http.ts'
import { type AnswerService, type KapaPassage, type KapaUser, passageFrom, reportKapa } from './kapa.ts'

export interface KapaRetrievalOptions extends Omit<Timeouts, 'connectTimeout'> {
  /** Base of Kapa's REST API. */
  readonly url: string
  readonly projectId: string
  /** Labels our questions in Kapa's statistics. */
  readonly integrationId: string | undefined
  readonly apiKey: string
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** The number of passages that Kapa accepts, and the number that we ask for by default. */
const passages = { least: 1, most: 15, usual: 5 }

/**
 * Asks Kapa's REST API for passages, for a project without a hosted MCP server. Each passage becomes a text
 * that holds it as JSON, as the hosted server gives it. `callTimeout` is for one attempt, connecting included.
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
      measured('kapa', `POST ${endpoint}`, (traceparent) =>
        fetch(endpoint, {
          method: 'POST',
          headers: defined({
            'x-api-key': apiKey,
            'content-type': 'application/json',
            accept: 'application/json',
            traceparent,
          }),
          body: toJson(wellFormedTexts(body)),
          // A redirect would carry our key to another server.
          redirect: 'manual',
          signal,
        }),
      ),
    )
    await throwUnlessOk(response)
    const found = passagesOf(await readText(response))
    return { content: found.map((passage) => ({ type: 'text', text: toJson(passage) })) }
  }

  return {
    ask(query, { user, topK, signal }) {
      const question = { query, top_k: clamped(topK), integration_id: integrationId }
      return caller.call(
        (saysWho, signal) => {
          const body = defined({ ...question, user: saysWho && user ? personOf(user) : undefined })
          return withDeadline(callTimeout, (inTime) => untilAborted(retrieve(body, inTime), inTime), signal)
        },
        { saysWho: user !== undefined, signal },
      )
    },
  }
}

const clamped = (topK = passages.usual) => Math.min(Math.max(Math.trunc(topK), passages.least), passages.most)

/** Kapa's REST API takes the company in the user's metadata; its MCP server takes it beside the email address. */
const personOf = ({ email, company_name }: KapaUser) =>
  defined({ email, metadata: company_name === undefined ? undefined : { company_name } })

/** Kapa's 400 names the fields that it refuses. */
function refusesPerson(attempt: Attempt): boolean {
  if (attempt.ok || !(attempt.error instanceof HttpError)) return false
  return attempt.error.status === 400 && /\b(?:user|metadata)\b/i.test(attempt.error.text)
}

/** Returns the passages that can be read, whatever else the list holds. Throws `MalformedAnswer` if it holds none. */
function passagesOf(text: string): readonly KapaPassage[] {
  const found = jsonOf(text)
  if (!Array.isArray(found)) throw new MalformedAnswer('no list of passages')
  const passages = found.flatMap((item) => passageFrom(item) ?? [])
  if (passages.length === 0 && found.length > 0) throw new MalformedAnswer('no passage among them')
  return passages
}
