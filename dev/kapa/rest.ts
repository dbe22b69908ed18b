import { hash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import * as v from 'valibot'
import { isObject } from '../../lib/base/json.ts'
import { noteWhenCancelled } from '../mcp/endpoint.ts'
import { type CallFault, type McpFaults, misbehaveInMessage } from '../mcp/faults.ts'
import { headersOf, misbehave, readBody, sendJson, takeFault } from '../stand-in.ts'
import type { KapaCall } from './server.ts'

export interface Rest {
  /** Answers a request for one of the twins. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

export interface Source {
  readonly source_url: string
  readonly content: string
}

export interface RestOptions {
  /** @returns whether the key in the request is the right one */
  readonly isKey: (key: string) => boolean
  /** The only project, to which the key belongs. */
  readonly projectId: string
  readonly search: (query: string, limit: number) => readonly Source[]
  /** All documents, whole. */
  readonly documents: () => readonly Source[]
  readonly faults: McpFaults
  readonly record: (call: KapaCall) => void
}

export const restPath = '/query/v1/'
const projects = `${restPath}projects/`

const integer = (lowest: number, highest: number) =>
  v.pipe(v.number('A valid integer is required.'), v.integer(), v.minValue(lowest), v.maxValue(highest))
const text = v.pipe(v.string('This is no string.'), v.nonEmpty('This may not be blank.'))
const person = v.object({
  email: v.optional(v.pipe(v.string(), v.email('This is not an email address.'))),
  unique_client_id: v.optional(text),
  metadata: v.optional(
    v.object({ first_name: v.optional(text), last_name: v.optional(text), company_name: v.optional(text) }),
  ),
})
const asked = {
  query: text,
  integration_id: v.optional(text),
  user: v.optional(person),
  mcp_client_meta: v.optional(v.object({ name: text, version: v.optional(text) })),
}
const retrieval = v.object({
  ...asked,
  mode: v.optional(v.picklist(['default', 'deep'])),
  top_k: v.optional(integer(1, 15), 15),
  max_chars: v.optional(integer(1, 60_000), 35_000),
  use_pruning: v.optional(v.boolean()),
  redact_query: v.optional(v.boolean()),
  source_group_ids_include: v.optional(v.array(text)),
})
const groups = v.optional(v.array(text))
const chat = v.object({ ...asked, redact_query: v.optional(v.boolean()), source_group_ids_include: groups })
const feedback = v.object({
  question_answer_id: text,
  reaction: v.picklist(['upvote', 'downvote'], 'This is not a valid choice.'),
  comment: v.optional(v.pipe(text, v.maxLength(2_000))),
})
const documents = v.object({
  urls: v.optional(v.array(text), []),
  document_ids: v.optional(v.array(text), []),
  page: v.optional(integer(1, 1000), 1),
  page_size: v.optional(integer(1, 50), 5),
  max_chars_per_document: v.optional(integer(1, 60_000), 60_000),
})

/** Handles Kapa's REST API for retrieval and answers: its key, its only project, its answers and its errors. */
export function createRest(options: RestOptions): Rest {
  const { isKey, projectId, search, faults, record } = options
  /** The ids of the answers that were given, on which feedback may come. */
  const answered = new Set<string>()

  /** Returns as much of the best chunks as fits. */
  function retrieve({ query, top_k, max_chars }: v.InferOutput<typeof retrieval>): readonly Source[] {
    let length = 0
    const chunks: Source[] = []
    for (const chunk of search(query, top_k)) {
      length += chunk.content.length
      if (length > max_chars) break
      chunks.push(chunk)
    }
    return chunks
  }

  function answer({ query }: v.InferOutput<typeof chat>) {
    const sources = search(query, 3)
    const id = randomUUID()
    answered.add(id)
    return {
      answer: sources[0]?.content ?? 'The documentation does not say.',
      thread_id: randomUUID(),
      question_answer_id: id,
      is_uncertain: sources.length === 0,
      relevant_sources: sources.map(({ source_url, content }) => ({ source_url, title: titleOf(content) })),
    }
  }

  function listDocuments(wanted: v.InferOutput<typeof documents>) {
    const { urls, document_ids, page, page_size, max_chars_per_document: most } = wanted
    const found = options
      .documents()
      .map((source) => ({ document_id: hash('sha256', source.source_url).slice(0, 32), ...source }))
      .filter(({ document_id, source_url }) => urls.includes(source_url) || document_ids.includes(document_id))
    const results = found.slice((page - 1) * page_size, page * page_size).map(({ content, ...document }) => ({
      ...document,
      title: titleOf(content),
      content: content.slice(0, most),
      total_chars: content.length,
      truncated: content.length > most,
    }))
    return { results, page, page_size, total_items: found.length }
  }

  const twins: { readonly [name: string]: (body: unknown) => Answer } = {
    retrieval: (body) => checked(retrieval, body, retrieve),
    documents: (body) => checked(documents, body, listDocuments),
    chat: (body) => checked(chat, body, answer),
  }

  /** Kapa knows the project by the answer. */
  function takeFeedback(body: unknown): Answer {
    const known = isObject(body) && answered.has(String(body.question_answer_id))
    const taken = checked(feedback, body, () => ({ status: 'ok' }))
    return taken.status === 200 && !known ? { status: 404, content: { detail: 'Not found.' } } : taken
  }

  function twinAt(path: string): Twin | 'unknown' {
    if (/^feedback\/?(?:\?|$)/.test(path.slice(restPath.length))) return { name: 'feedback', answer: takeFeedback }
    const [, project, name = ''] = /^([^/]+)\/(\w+)\/(?:\?|$)/.exec(path.slice(projects.length)) ?? []
    const answer = Object.hasOwn(twins, name) ? twins[name] : undefined
    return project !== projectId || answer === undefined ? 'unknown' : { name, answer }
  }

  return {
    async handle(request, response) {
      const refuse = (status: number, detail: string) => sendJson(response, status, { detail })
      const key = request.headers['x-api-key']
      if (key === undefined) return refuse(401, 'Authentication credentials were not provided.')
      if (!isKey(String(key))) return refuse(403, 'You do not have permission to perform this action.')
      const twin = twinAt(request.url ?? '')
      if (twin === 'unknown') return refuse(404, 'Not found.')
      if (request.method !== 'POST') return refuse(405, `Method "${request.method}" not allowed.`)

      const sent = await readBody(request).catch(() => undefined)
      if (sent === undefined) return refuse(413, 'The request is too large.')
      const body = v.safeParse(v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown())), sent)
      if (!body.success) return refuse(400, 'JSON parse error.')

      const call = callOf(twin.name, body.output, request)
      record(call)
      const fault = takeFault(faults.call, () => delete faults.call)
      if (fault?.kind !== 'reset') noteWhenCancelled(call, response)
      if (fault !== undefined && (await misbehaveInRest(fault, call, response))) return
      const { status, content } = twin.answer(body.output)
      const odd = fault?.kind === 'odd-items' && Array.isArray(content) ? fault.items : []
      sendJson(response, status, Array.isArray(content) ? [...odd, ...content] : content)
    },
  }
}

interface Answer {
  readonly status: number
  readonly content: unknown
}

interface Twin {
  readonly name: string
  readonly answer: (body: unknown) => Answer
}

/** Answers an invalid body with an error for each field. */
function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  body: unknown,
  answer: (body: v.InferOutput<Schema>) => unknown,
): Answer {
  const parsed = v.safeParse(schema, body)
  if (parsed.success) return { status: 200, content: answer(parsed.output) }
  const fields: Record<string, string[]> = {}
  for (const { path, message } of parsed.issues) {
    const field = String(path?.[0]?.key ?? 'non_field_errors')
    fields[field] = [...(fields[field] ?? []), message]
  }
  return { status: 400, content: fields }
}

/** Applies the faults of tool calls to REST. @returns whether the request is settled */
async function misbehaveInRest(fault: CallFault, call: KapaCall, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'rejects-meta':
      if (call.user !== undefined) sendJson(response, 400, { user: ['Unexpected metadata.'] })
      return call.user !== undefined
    case 'error-result':
      sendJson(response, 500, { detail: 'The sources could not be searched.' })
      return true
    case 'progress':
      await setTimeout(fault.milliseconds, undefined, { ref: false })
      return false
    case 'status':
      return misbehave(fault, response, { detail: 'Told to answer so.' })
    // REST has no event streams. The odd items are put among the others.
    case 'noise':
    case 'odd-items':
      return false
    default:
      return misbehaveInMessage(fault, response)
  }
}

function callOf(tool: string, body: Readonly<Record<string, unknown>>, request: IncomingMessage): KapaCall {
  const { 'x-api-key': _, ...headers } = headersOf(request)
  const { query, user, mcp_client_meta: client } = body
  return { tool, query, arguments: body, user, client, headers, at: Date.now(), cancelled: false }
}

const titleOf = (content: string) => /^#+ (.+)$/m.exec(content)?.[1] ?? ''
