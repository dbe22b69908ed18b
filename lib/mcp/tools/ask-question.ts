import type { CallToolResult } from '@modelcontextprotocol/server'
import { type AnswerService, type KapaPassage, kapaUser, passageFrom } from '../../answers/kapa.ts'
import { parseJson } from '../../base/json.ts'
import { budget, withinBudget } from './answer-budget.ts'
import { defineTool } from './define-tool.ts'
import { failure, serviceFailure } from './failure.ts'
import type { Tool, ToolProfile } from './tool.ts'

export interface AskQuestionOptions extends ToolProfile {
  readonly answerService: AnswerService
}

/** Characters (UTF-16 units) of a question, after trimming. */
const maximumQuestion = 2_000

/** Asks the documentation. A success is Kapa's result, unchanged, with the passages repeated as data. */
export function askQuestion({ answerService, ...options }: AskQuestionOptions): Tool {
  return defineTool<{ question: string; top_k?: number; max_characters?: number }>({
    ...options,
    hints: { readOnlyHint: true, openWorldHint: true },
    progress: 'Searching the documentation',
    input: {
      type: 'object',
      properties: {
        question: {
          type: 'string',
          description: `The question, as one full sentence of at most ${maximumQuestion} characters.`,
        },
        top_k: {
          type: 'number',
          description: 'The most passages to return, from 1 to 15. Ignored if the search has no such option.',
        },
        max_characters: {
          type: 'integer',
          minimum: budget.least,
          maximum: budget.most,
          description: `The most characters of all passages together, from ${budget.least} to ${budget.most}. The best passages come first, whole, and a note names the addresses of those that did not fit. Leave it out for all passages.`,
        },
      },
      required: ['question'],
    },
    output: {
      type: 'object',
      properties: {
        passages: {
          type: 'array',
          description: 'The passages, the best match first.',
          items: {
            type: 'object',
            properties: {
              source_url: { type: 'string', description: 'Where the passage is published; cite it.' },
              content: { type: 'string', description: 'Markdown.' },
              question_answer_id: {
                type: 'string',
                description: 'Only of an answer that is written already: names it in feedback on it.',
              },
            },
            required: ['content'],
          },
        },
        note: { type: 'string', description: 'What `max_characters` left out, and where to read it.' },
      },
      required: ['passages'],
    },
    async run({ question, top_k: topK, max_characters: most }, { token, client, signal }) {
      const query = question.trim()
      if (query === '') return failure({ error: 'missing_query', message: 'Ask a question: `question` is empty.' })
      if (query.length > maximumQuestion) {
        return failure({
          error: 'query_too_long',
          message: `The question is longer than ${maximumQuestion} characters. Shorten it and ask again.`,
        })
      }
      const answer = await answerService.ask(query, {
        user: kapaUser(token),
        topK,
        most,
        client,
        signal,
      })
      if (answer.kind === 'answer') return withPassages(answer.result, most)
      return serviceFailure(answer, 'The documentation search', 'Try again, or ask a shorter question.')
    },
  })
}

/** Clients that give the model only `structuredContent` must not lose anything (anthropics/claude-code#79944). */
function withPassages(result: CallToolResult, most: number | undefined): CallToolResult {
  if (result.isError === true) return result
  const passages = result.content.map(passageIn)
  const shorter = most === undefined ? undefined : withinBudget(passages, most)
  if (shorter) return shorter
  return { ...result, structuredContent: { ...objectOf(result.structuredContent), passages } }
}

const objectOf = (value: unknown) => (typeof value === 'object' && !Array.isArray(value) ? value : {})

function passageIn(item: CallToolResult['content'][number]): KapaPassage {
  switch (item.type) {
    case 'text':
      return passageOf(item.text)
    case 'resource_link':
      return { source_url: item.uri, content: item.description ?? item.name }
    case 'resource':
      return { source_url: item.resource.uri, content: 'text' in item.resource ? item.resource.text : '' }
    default:
      // An image or a sound, which has no text.
      return { content: `(${item.type})` }
  }
}

/** Kapa's passages are JSON, each in a text of its own. Any other text is a passage as it is. */
const passageOf = (text: string): KapaPassage => passageFrom(parseJson(text)) ?? { content: text }
