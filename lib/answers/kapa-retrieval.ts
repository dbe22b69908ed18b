import type { CallToolResult } from '@modelcontextprotocol/server'
import { untilAborted, withDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { isObject, jsonOf } from '../base/json.ts'
import type { Log } from '../base/log.ts'
import { toJson } from '../base/well-formed.ts'
import { type Attempt, createCaller, type Timeouts } from './calls.ts'
import { HttpError, MalformedAnswer } from './errors.ts'
import {
  type AnswerService,
  type AskOptions,
  type KapaPassage,
  type KapaUser,
  passageFrom,
  reportKapa,
} from './kapa.ts'
import { createKapaRest, type KapaRestOptions } from './kapa-rest.ts'

/** What Kapa's REST API can do, and its hosted MCP server cannot. */
export interface KapaChoices {
  /** `passages`: Kapa finds passages. `written`: Kapa writes the answer, and names its sources. Default `passages`. */
  readonly answers?: 'passages' | 'written'
  /** How Kapa searches for passages. */
  readonly mode?: 'default' | 'deep' | undefined
  /** Kapa removes what does not fit the question from the passages. */
  readonly pruning?: boolean
  /** Kapa removes personal data from the question before it stores it. */
  readonly redaction?: boolean
  /** Kapa is told which MCP client asks. */
  readonly clientMeta?: boolean
  /** Ids of the groups of sources that may answer. Default: all. */
  readonly sourceGroups?: readonly string[]
}

export interface KapaRetrievalOptions extends KapaRestOptions, KapaChoices, Omit<Timeouts, 'connectTimeout'> {
  readonly projectId: string
  /** Labels our questions in Kapa's statistics. */
  readonly integrationId: string | undefined
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** The number of passages that Kapa accepts, and the number that we ask for by default. */
const passages = { least: 1, most: 15, usual: 5 }

/** The characters of all passages that Kapa sends at most, unless it is asked for more. */
const usualCharacters = 35_000

/**
 * Asks Kapa's REST API, for a project without a hosted MCP server. Each passage becomes a text that holds it as JSON, as the
 * hosted server gives it. `callTimeout` is for one attempt, connecting included.
 */
export function createKapaRetrieval(options: KapaRetrievalOptions): AnswerService {
  const { projectId, integrationId, log, totalTimeout, now } = options
  const { answers = 'passages', mode, pruning, redaction, sourceGroups = [] } = options
  // To write an answer takes Kapa longer than to find passages. There is then no time for a second attempt.
  const { callTimeout = answers === 'written' ? 40_000 : 22_000 } = options
  const project = `/query/v1/projects/${encodeURIComponent(projectId)}`
  const post = createKapaRest(options)
  const caller = createCaller({
    totalTimeout,
    now,
    report: reportKapa(log),
    refusesPerson,
    malformed: answers === 'written' ? 'not an answer' : 'not a list of passages',
  })

  function bodyFor(query: string, { user, topK, most = 0, client }: AskOptions, saysWho: boolean) {
    const asked = {
      query,
      integration_id: integrationId,
      source_group_ids_include: sourceGroups.length > 0 ? sourceGroups : undefined,
      redact_query: redaction || undefined,
      mcp_client_meta: options.clientMeta && client ? clientMeta(client) : undefined,
      user: saysWho && user ? personOf(user) : undefined,
    }
    if (answers === 'written') return defined(asked)
    return defined({
      ...asked,
      top_k: clamped(topK),
      mode,
      use_pruning: pruning || undefined,
      max_chars: most > usualCharacters ? most : undefined,
    })
  }

  async function retrieve(body: object, signal: AbortSignal): Promise<CallToolResult> {
    const found =
      answers === 'written'
        ? writtenAnswer(await post(`${project}/chat/`, body, signal))
        : passagesOf(await post(`${project}/retrieval/`, body, signal))
    return { content: found.map((passage) => ({ type: 'text', text: toJson(passage) })) }
  }

  return {
    ask: (query, asked) =>
      caller.call(
        (saysWho, signal) => {
          const body = bodyFor(query, asked, saysWho)
          return withDeadline(callTimeout, (inTime) => untilAborted(retrieve(body, inTime), inTime), signal)
        },
        { saysWho: asked.user !== undefined, signal: asked.signal },
      ),
  }
}

const clamped = (topK = passages.usual) => Math.min(Math.max(Math.trunc(topK), passages.least), passages.most)

/** Characters of a name and a version, which the client has chosen, that Kapa is told. Kapa refuses an empty one. */
const longestMeta = 100

const clientMeta = ({ name, version }: NonNullable<AskOptions['client']>) =>
  name === ''
    ? undefined
    : defined({ name: name.slice(0, longestMeta), version: version.slice(0, longestMeta) || undefined })

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

/** Kapa's answer as the first passage, with the id that feedback needs, and its sources as the others. Throws `MalformedAnswer`. */
function writtenAnswer(text: string): readonly KapaPassage[] {
  const found = jsonOf(text)
  if (!isObject(found)) throw new MalformedAnswer('no answer')
  const { answer, question_answer_id: id, is_uncertain: isUncertain, relevant_sources: sources } = found
  const written = passageFrom({
    content: answer,
    ...(typeof id === 'string' && { question_answer_id: id }),
    ...(typeof isUncertain === 'boolean' && { is_uncertain: isUncertain }),
  })
  if (!written) throw new MalformedAnswer('no text in the answer')
  return [written, ...(Array.isArray(sources) ? sources.flatMap((source) => sourceFrom(source) ?? []) : [])]
}

/** A source has a title in place of a content. */
function sourceFrom(source: unknown): KapaPassage | undefined {
  if (!isObject(source) || typeof source.source_url !== 'string') return undefined
  return passageFrom({ source_url: source.source_url, content: source.title || source.source_url })
}
