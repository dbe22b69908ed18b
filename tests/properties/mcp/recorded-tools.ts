import type { CallToolResult } from '@modelcontextprotocol/server'
import { createTestEndpoint } from '../../../dev/worlds/mcp-endpoint.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import type { Answer } from '../../../lib/answers/calls.ts'
import type { FormOutcome } from '../../../lib/answers/feedback-form.ts'
import {
  getApiReferenceContent,
  listApiReferencePages,
  searchApiReference,
} from '../../../lib/mcp/tools/api-reference.ts'
import { askQuestion } from '../../../lib/mcp/tools/ask-question.ts'
import { authStatus } from '../../../lib/mcp/tools/auth-status.ts'
import { submitFeedback } from '../../../lib/mcp/tools/feedback.ts'
import type { Tool } from '../../../lib/mcp/tools/tool.ts'
import { type Connection, whoami } from '../../../lib/mcp/tools/whoami.ts'
import { StoreUnavailable } from '../../../lib/store/store.ts'
import { issuer, ownEndpoint } from '../mcp-endpoint.ts'

/** The real tools, over services that record their requests. */

export const pagesUrl = 'https://docs.example.com/api/doc'
export const formUrl = 'https://docs.example.com/home/'

export interface Services {
  /** The requests to Kapa, the hub and the form, in order. */
  readonly asked: { readonly of: 'kapa' | 'hub' | 'form'; readonly args: Readonly<Record<string, unknown>> }[]
  /** The answer of Kapa and the hub. */
  answer: Answer
  outcome: FormOutcome
  /** The record of the user in the store; `null`: the store does not answer. */
  connections: readonly Connection[] | null
}

export interface RecordedTools {
  readonly tools: readonly Tool[]
  readonly services: Services
  fetch(request: Request): Promise<Response>
}

export const succeeded = (result: CallToolResult): Answer => ({ kind: 'answer', result })

let made: Promise<RecordedTools> | undefined

export async function recordedTools(): Promise<RecordedTools> {
  made ??= create()
  const world = await made
  world.services.asked.length = 0
  return world
}

export function discardRecordedTools(): void {
  made = undefined
}

async function create(): Promise<RecordedTools> {
  const { key, now, searchServer } = await ownEndpoint()
  const services: Services = {
    asked: [],
    answer: succeeded({ content: [] }),
    outcome: { kind: 'submitted' },
    connections: [],
  }
  const note = (of: 'kapa' | 'hub', args: object) => {
    services.asked.push({ of, args: { ...args } })
    return services.answer
  }
  const apiReference = {
    listPages: async (scope: object) => note('hub', scope),
    search: async (search: object) => note('hub', search),
    getPages: async (pages: object) => note('hub', pages),
  }
  const form = {
    url: formUrl,
    async submit(fields: object) {
      services.asked.push({ of: 'form', args: { ...fields } })
      return services.outcome
    },
  }
  const connectionsOf = async () => {
    if (services.connections === null) throw new StoreUnavailable('down')
    return { grants: services.connections, more: false }
  }
  const texts = (name: string) => ({ name, title: name, description: name })
  const optionalSignIn = { access: { signIn: 'if required', scopes: ['docs:read'] } } as const
  const signedIn = { access: { signIn: 'always', scopes: ['docs:read', 'docs:feedback'] } } as const
  const about = { serverUrl: `${issuer}/mcp`, documentationUrl: issuer, privacyUrl: undefined, supportUrl: undefined }
  const log = recorded()
  const tools = [
    askQuestion({
      ...texts('ask'),
      ...optionalSignIn,
      answerService: { ask: async (query) => note('kapa', { query }) },
    }),
    listApiReferencePages({ ...texts('list'), ...optionalSignIn, apiReference, pagesUrl }),
    searchApiReference({ ...texts('search'), ...optionalSignIn, apiReference, pagesUrl }),
    getApiReferenceContent({ ...texts('read'), ...optionalSignIn, apiReference }),
    submitFeedback({ ...texts('feedback'), ...signedIn, form, log }),
    authStatus({ ...texts('status'), ...optionalSignIn, ...about, requireAuth: true, whoami: 'whoami' }),
    whoami({ ...texts('whoami'), ...signedIn, ...about, connectionsOf, log }),
  ]
  const { fetch } = createTestEndpoint([key], searchServer, { tools, now: () => now })
  return { tools, services, fetch: (request) => fetch(request) }
}
