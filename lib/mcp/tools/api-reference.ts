import type { CallToolResult } from '@modelcontextprotocol/server'
import type { ApiReference } from '../../answers/api-reference.ts'
import type { Answer } from '../../answers/calls.ts'
import { defined } from '../../base/defined.ts'
import { parseJson } from '../../base/json.ts'
import { toJson, wellFormedTexts } from '../../base/well-formed.ts'
import { maximumQuery, maximumUrls, queryOf, type Scope, scopeOf, urlsOf } from './api-reference-input.ts'
import { defineTool } from './define-tool.ts'
import { failure, serviceFailure } from './failure.ts'
import { jsonSchema } from './schema.ts'
import type { ObjectSchema, Tool, ToolProfile } from './tool.ts'

/** Three tools that read the reference of the APIs. A success is the hub's result, and its data once more. */

export interface ApiReferenceToolOptions extends ToolProfile {
  readonly apiReference: ApiReference
}

export interface ScopedToolOptions extends ApiReferenceToolOptions {
  /** `<this>/<name>` is the page of an API. Absent: APIs cannot be named. No slash at the end. */
  readonly pagesUrl: string | undefined
}

const hints = { readOnlyHint: true, idempotentHint: true, openWorldHint: true }

export function listApiReferencePages({ apiReference, pagesUrl, ...options }: ScopedToolOptions): Tool {
  const { output, resultOf } = resultsWith({ data: { type: 'array', description: 'The pages: address, title, type.' } })
  return defineTool<Scope>({
    ...options,
    hints,
    progress: 'Reading the list of pages',
    input: { type: 'object', properties: scopeProperties(pagesUrl) },
    output,
    async run(given, { signal }) {
      const scope = scopeOf(given, pagesUrl)
      return scope.refusal ?? resultOf(await apiReference.listPages(scope.value, signal), given)
    },
  })
}

export function searchApiReference({ apiReference, pagesUrl, ...options }: ScopedToolOptions): Tool {
  const { output, resultOf } = resultsWith({
    data: { type: 'array', description: 'Address, title, type and excerpt of each page, the best match first.' },
    total: { type: 'number', description: 'Number of pages found; `data` holds the best of them.' },
  })
  return defineTool<Scope & { readonly query: string; readonly type?: string }>({
    ...options,
    hints,
    progress: 'Searching the API reference',
    input: {
      type: 'object',
      properties: {
        query: {
          type: 'string',
          description: `What to look for: a few words, or a method and a path; at most ${maximumQuery} characters.`,
        },
        type: {
          type: 'string',
          enum: ['operation', 'schema', 'topic', 'authentication', 'webhook'],
          description: 'Only pages of this type.',
        },
        ...scopeProperties(pagesUrl),
      },
      required: ['query'],
    },
    output,
    async run({ query: text, type, ...given }, { signal }) {
      const query = queryOf(text)
      if (query.refusal) return query.refusal
      const scope = scopeOf(given, pagesUrl)
      if (scope.refusal) return scope.refusal
      const search = { query: query.value, ...scope.value, ...defined({ type }) }
      return resultOf(await apiReference.search(search, signal), given)
    },
  })
}

export function getApiReferenceContent({ apiReference, ...options }: ApiReferenceToolOptions): Tool {
  const { output, resultOf } = resultsWith({
    data: { type: 'array', description: 'The pages, each with its content.' },
  })
  return defineTool<{ readonly urls: readonly string[] }>({
    ...options,
    hints,
    progress: 'Reading the pages',
    input: {
      type: 'object',
      properties: {
        urls: {
          type: 'array',
          items: { type: 'string' },
          description: `URLs of 1 to ${maximumUrls} pages, as the list or the search returned them.`,
        },
      },
      required: ['urls'],
    },
    output,
    async run({ urls: given }, { signal }) {
      const urls = urlsOf(given)
      return urls.refusal ?? resultOf(await apiReference.getPages({ urls: urls.value }, signal))
    },
  })
}

function scopeProperties(pagesUrl: string | undefined) {
  const url = {
    type: 'string',
    description: 'URL of a page: looks at that page and the pages below it only. Wins over `api`.',
  }
  const api = { type: 'string', description: 'Name of one API. Leave it out, or send `all`, for all of them.' }
  return pagesUrl === undefined ? { url } : { api, url }
}

/** The hub knows only addresses. A model that named an API is told that the name is probably wrong. */
function unknownApi({ content }: CallToolResult): CallToolResult {
  return failure({
    error: 'unknown_api',
    message: 'There is probably no API of that name. Leave `api` out to see the pages of all APIs.',
    detail: textOf(content).slice(0, 500),
  })
}

const textOf = (content: CallToolResult['content']) =>
  content.map((item) => (item.type === 'text' ? item.text : toJson(wellFormedTexts(item)))).join('\n\n')

const namesApi = ({ api, url }: Scope) => (url?.trim() ?? '') === '' && ![undefined, '', 'all'].includes(api?.trim())

/** The output schema of a tool. Every member is optional: the hub decides what it sends. */
function resultsWith(properties: NonNullable<ObjectSchema['properties']>) {
  const text = { type: 'string', description: 'The whole result, if the other members do not hold all of it.' }
  const output: ObjectSchema = { type: 'object', properties: { ...properties, text } }
  const { check } = jsonSchema<Record<string, unknown>>(output)

  /**
   * The whole result as data: clients that give the model only `structuredContent` must not lose anything
   * (anthropics/claude-code#79944). Data that does not match the schema becomes text, or clients would refuse the result.
   */
  async function dataOf({ structuredContent, content }: CallToolResult): Promise<Record<string, unknown>> {
    const whole = textOf(content)
    const inText = parseJson(whole)
    // To load node:util takes a few milliseconds of a cold start.
    const { isDeepStrictEqual } = await import('node:util')
    for (const candidate of [structuredContent ?? null, inText ?? null]) {
      const data = await check(candidate)
      // Adds the text if it says more than the hub's own data.
      const more = whole !== '' && !isDeepStrictEqual(candidate, inText)
      if (data.problem === undefined) return { ...data.value, ...defined({ text: more ? whole : undefined }) }
    }
    return { text: whole }
  }

  return {
    output,
    async resultOf(answer: Answer, scope: Scope = {}): Promise<CallToolResult> {
      if (answer.kind === 'failure') return serviceFailure(answer, 'The API reference', 'Try again, or ask for less.')
      const { result } = answer
      if (result.isError === true) return namesApi(scope) ? unknownApi(result) : result
      return { ...result, structuredContent: await dataOf(result) }
    },
  }
}
