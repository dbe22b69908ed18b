import type { IncomingMessage, ServerResponse } from 'node:http'
import * as v from 'valibot'
import {
  control,
  endpointFault,
  listenOnLoopback,
  misbehave,
  mockControls,
  pathOf,
  sendJson,
  takeFault,
} from '../stand-in.ts'

/** A request for pages. It never has the token. */
export interface PagesCall {
  readonly query: string
  readonly space: string | undefined
  /** The address of the person, `service` for the service account, or null for a token that was not accepted. */
  readonly as: string | null
  readonly status: number
}

export interface PrivatePagesSite {
  /** The search. */
  readonly url: string
  calls(): readonly PagesCall[]
  /** From now on, no token is accepted that has come before. */
  refuseKnownTokens(): void
  reset(): void
  readonly faults: PagesFaults
  stop(): Promise<void>
}

const pagesFaults = v.strictObject({
  search: v.optional(
    v.union([
      endpointFault,
      v.strictObject({ kind: v.literal('answer'), body: v.string(), times: v.optional(v.number()) }),
    ]),
  ),
})
/** How the pages misbehave. `answer`: 200 with another body. Set and delete members at any time. */
export type PagesFaults = v.InferOutput<typeof pagesFaults>

/** The service account of the local world, which reads the handbook only. */
export const serviceAccountToken = 'local-service-account'

interface Page {
  readonly space: string
  readonly title: string
  readonly text: string
}

/** Pages that are not public. Every person also has notes of their own. */
const pages: readonly Page[] = [
  {
    space: 'handbook',
    title: 'How we answer incidents',
    text: 'An incident has one leader, who writes down every step.',
  },
  {
    space: 'handbook',
    title: 'How we release',
    text: 'A release begins with the notes, and ends with a look at the alerts.',
  },
  {
    space: 'board',
    title: 'Plans for the next year',
    text: 'The plans of the board: one region more, and one product less.',
  },
]

/** The only reader of the space `board`. */
export const boardMember = 'admin@docs.example'

/**
 * Starts a site of private pages, which enforces the rights of each person: `GET /search?query=…&space=…`. It asks the OpenID Provider
 * whom a token is about, by its UserInfo endpoint. It answers 401 to a token that the provider does not know, and 403 for a space that
 * the person may not read. `GET /__mock/calls`, `POST /__mock/reset` and `POST /__mock/faults` control it.
 *
 * @param options `issuer` of the provider
 */
export async function startPrivatePages(options: {
  readonly port: number
  readonly issuer: string
}): Promise<PrivatePagesSite> {
  const calls: PagesCall[] = []
  const faults: PagesFaults = {}
  const [seen, refused] = [new Set<string>(), new Set<string>()]
  const { reset, controls } = mockControls('calls', calls, faults, pagesFaults)
  const { port, stop } = await listenOnLoopback(options.port, async (request, response) => {
    if (await control(controls, request, response)) return
    if (request.method === 'GET' && pathOf(request) === '/search') return search(request, response)
    response.writeHead(404).end()
  })
  const origin = `http://localhost:${port}`

  async function search(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url ?? '/', origin)
    const query = searchParams.get('query') ?? ''
    const space = searchParams.get('space') ?? undefined
    const fault = takeFault(faults.search, () => delete faults.search)
    const answer = (status: number, as: string | null, body: object, headers: Record<string, string> = {}) => {
      calls.push({ query, space, as, status })
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      sendJson(response, status, body)
    }
    if (fault?.kind === 'answer') return void response.writeHead(200).end(fault.body)
    if (fault && (await misbehave(fault, response))) return
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    seen.add(token)
    const reader = token === serviceAccountToken ? 'service' : await personOf(token, options.issuer)
    if (reader === null || refused.has(token)) {
      return answer(401, null, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' })
    }
    const readable = spacesOf(reader)
    if (space !== undefined && !readable.includes(space)) return answer(403, reader, { error: 'forbidden' })
    const words = query.toLowerCase().split(/\s+/)
    const found = [...pages, notesOf(reader)].filter(
      (page) =>
        (space === undefined ? readable.includes(page.space) : page.space === space) &&
        words.some((word) => `${page.title} ${page.text}`.toLowerCase().includes(word)),
    )
    answer(200, reader, { pages: found.map((page) => ({ title: page.title, url: urlOf(page), excerpt: page.text })) })
  }

  const urlOf = ({ space, title }: Page) => `${origin}/${space}/${title.toLowerCase().replace(/\W+/g, '-')}`
  const refuseKnownTokens = () => {
    for (const token of seen) refused.add(token)
  }
  return { url: `${origin}/search`, calls: () => calls, refuseKnownTokens, reset, faults, stop }
}

const spacesOf = (reader: string) => [
  'handbook',
  ...(reader === 'service' ? [] : ['notes']),
  ...(reader === boardMember ? ['board'] : []),
]

const notesOf = (reader: string): Page => ({
  space: 'notes',
  title: `Notes of ${reader}`,
  text: `What only ${reader} can read.`,
})

/** Asks the provider whose token this is. Null: it does not know. */
async function personOf(token: string, issuer: string): Promise<string | null> {
  const metadata = await jsonAt(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const { userinfo_endpoint: endpoint } = v.parse(v.looseObject({ userinfo_endpoint: v.string() }), metadata)
  const person = v.safeParse(v.looseObject({ email: v.string() }), await jsonAt(endpoint, token))
  return person.success ? person.output.email : null
}

async function jsonAt(url: string, token?: string): Promise<unknown> {
  const answer = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  return answer.ok ? answer.json() : null
}
