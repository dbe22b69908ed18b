import { randomUUID } from 'node:crypto'
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import { paths } from '../../lib/oauth/capabilities.ts'
import { personSignsIn } from '../browser/person.ts'
import { type Citation, excerpt, readCitations } from './answer.ts'
import { type ClientMemory, createClientMemory } from './client.ts'
import type { Listing } from './listing.ts'
import type { Place } from './place.ts'
import { showRecorded } from './recorded.ts'
import { createRecorder, type Exchange, type Recorder } from './recorder.ts'
import { check, step } from './step.ts'

const question = 'How does a refresh token stay usable when the answer to a refresh was lost?'

/**
 * One person, one client, from "who are you?" to an answer and on through a refresh. Every step is checked before it is
 * listed.
 *
 * @param patience milliseconds for what happens after an answer has gone out
 * @throws StepFailed at the first step that does not do what it has to
 */
export async function tellStory(place: Place, listing: Listing, patience = 10_000): Promise<void> {
  const organization = 'Analytical Engines'
  const email = `ada.${randomUUID().slice(0, 8)}@analytical-engines.example`
  const recorder = await createRecorder(place)
  const memory = createClientMemory()
  const client = new Client({ name: 'demo', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  try {
    listing.title('Signing in')
    await discover(place, recorder, memory, client, listing)
    await signIn(place, recorder, memory, { email, organization }, listing)
    listing.title('Asking')
    const tool = await ask(place, recorder, memory, client, listing)
    await refresh(place, recorder, memory, client, tool, listing)
    listing.title('Who was recorded, while nobody waited', false)
    await showRecorded(place, recorder, { sub: subjectOf(memory), email, organization, question }, patience, listing)
  } finally {
    await client.close()
  }
}

const at =
  (...names: string[]) =>
  ({ url }: Exchange) =>
    names.includes(url.pathname)

const transportFor = (place: Place, recorder: Recorder, memory: ClientMemory) =>
  new StreamableHTTPClientTransport(new URL(place.mcpUrl), { authProvider: memory, fetch: recorder.fetch })

/** The client connects without a token; its own OAuth code does the rest, up to where it needs the person. */
async function discover(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  client: Client,
  listing: Listing,
): Promise<void> {
  const refused = await client.connect(transportFor(place, recorder, memory)).catch((error: unknown) => error)
  const exchanges = recorder.take()
  await step('Connecting without a token', async () => {
    const [first] = exchanges.filter(at(paths.mcp))
    if (first === undefined) throw refused ?? new Error('the client asked for nothing')
    check(first.status === 401, `/mcp answered ${first.status}, not 401`)
    const challenge = first.response.headers.get('www-authenticate') ?? ''
    check(challenge.includes(paths.protectedResourceMetadataOfMcp), 'the challenge does not name the resource metadata')
    listing.step('Connects without a token', [first], '401, and where to read on')
  })
  await step('Discovery', async () => {
    const documents = exchanges.filter(at(paths.protectedResourceMetadataOfMcp, paths.authorizationServerMetadata))
    const read = documents.filter(({ status }) => status === 200)
    check(read.length === 2, `${read.length} metadata documents were read, not 2`)
    listing.step('Discovers the authorization server', documents, 'resource and server metadata')
  })
  await step('Registration', async () => {
    const registering = exchanges.filter(at(paths.register))
    const id = memory.registration()?.client_id
    if (!(refused instanceof UnauthorizedError)) throw refused
    check(registering.length === 1 && id !== undefined, 'the client did not register')
    listing.step('Registers itself', registering, `a client_id of ${id.length} characters that says everything`)
  })
}

async function signIn(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  { email, organization }: { readonly email: string; readonly organization: string },
  listing: Listing,
): Promise<void> {
  const pages = {
    'consent page': ['Consent page', 'who asks, what is shared, one button'],
    approval: ['Continue', 'a cookie for this one sign-in, and off'],
    'OpenID Provider': ['OpenID Provider', `signs in as ${email}`],
  } as const
  const answer = await step('Signing in', async () => {
    const authorizationUrl = memory.authorizationUrl()
    check(authorizationUrl !== undefined, 'the client did not send the person anywhere')
    const onStep = (page: keyof typeof pages | 'callback') => {
      if (page === 'callback') return
      const [name, detail] = pages[page]
      const exchanges = recorder.take()
      // A provider that fails sends the person back as well: what comes of it is told at the next step.
      const to = exchanges.at(-1)?.response.headers.get('location') ?? ''
      if (URL.parse(to)?.searchParams.has('error')) return
      listing.step(name, exchanges, detail)
    }
    return personSignsIn({ authorizationUrl, email, organization, browser: recorder.browser, onStep }).catch(
      async (error: unknown) => {
        throw (await refusal(recorder)) ?? error
      },
    )
  })
  await step('Authorization response', async () => {
    const error = answer.searchParams.get('error')
    check(error === null, `the client is told ${error}`)
    check(answer.href.startsWith(String(memory.redirectUrl)), 'the person was not sent back to the client')
    check(answer.searchParams.get('state') === memory.sentState, 'the state is not the one that the client sent')
    check(answer.searchParams.get('iss') === place.url, 'the response does not name its issuer')
    listing.step('Back with an identity', recorder.take(), 'and on to the client with a code')
  })
  await step('Code exchange', async () => {
    await transportFor(place, recorder, memory).finishAuth(answer.searchParams)
    const exchanges = recorder.take()
    const { access_token: accessToken, refresh_token: refreshToken, issuer } = memory.currentTokens() ?? {}
    check(accessToken !== undefined && refreshToken !== undefined, 'there is no pair of tokens')
    check(issuer === place.url, 'the tokens are not those of this issuer')
    check(decodeJwt(accessToken).email === email, 'the token names another person')
    listing.step('Code for tokens', exchanges.filter(at(paths.token)), 'the code is spent, the grant exists')
  })
}

/** What the last page said where it was an error; undefined if it was none. */
async function refusal(recorder: Recorder): Promise<Error | undefined> {
  const last = recorder.take().at(-1)
  if (last === undefined || last.status < 400) return undefined
  const [, code] = /Error <code>([^<]*)<\/code>/.exec(await last.response.text()) ?? []
  const { origin, pathname } = last.url
  return new Error(`${origin}${pathname} answered ${last.status}${code === undefined ? '' : ` (${code})`}`)
}

function subjectOf(memory: ClientMemory): string {
  return decodeJwt(memory.currentTokens()?.access_token ?? '').sub ?? ''
}

/** @returns the name of the tool that was asked */
async function ask(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  client: Client,
  listing: Listing,
): Promise<string> {
  const tool = await step('Connecting with the token', async () => {
    await client.connect(transportFor(place, recorder, memory))
    const { tools } = await client.listTools()
    const [tool] = tools
    check(tool !== undefined, 'the server offers no tool')
    const detail = `MCP ${client.getNegotiatedProtocolVersion()}, tool ${tool.name}`
    listing.step('Connects with the token', recorder.take(), detail)
    return tool.name
  })
  const [first, ...others] = await step('Asking', async () => {
    const { content, isError } = await client.callTool({ name: tool, arguments: { question } })
    check(isError !== true, `the tool answered ${JSON.stringify(content)}`)
    const citations = await readCitations(content)
    const sources = new Set(citations.map(({ document }) => document))
    listing.step('Asks a question', recorder.take(), `answered from ${[...sources].join(', ')}`)
    return citations
  })
  printAnswer(first, others, listing)
  return tool
}

function printAnswer(first: Citation, others: readonly Citation[], listing: Listing): void {
  listing.text(`\n“${question}”\n`)
  listing.text(`${first.heading}\n\n${excerpt(first.text, 500)}\n`)
  listing.line(`Source: ${first.sourceUrl}`)
  for (const { sourceUrl } of others.slice(0, 2)) listing.line(`  also: ${sourceUrl}`)
  listing.text('')
}

async function refresh(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  client: Client,
  tool: string,
  listing: Listing,
): Promise<void> {
  await step('Refresh', async () => {
    const before = memory.currentTokens()
    const result = await auth(memory, { serverUrl: place.mcpUrl, fetchFn: recorder.fetch })
    const after = memory.currentTokens()
    check(result === 'AUTHORIZED', 'the client has to send the person again')
    check(after?.refresh_token !== undefined, 'there is no new refresh token')
    check(after.refresh_token !== before?.refresh_token, 'the refresh token is the old one')
    check(after.access_token !== before?.access_token, 'the access token is the old one')
    listing.step('Refreshes', recorder.take().filter(at(paths.token)), 'a new pair, the old refresh token is spent')
    const { isError } = await client.callTool({ name: tool, arguments: { question } })
    check(isError !== true, 'the new token was not good for a question')
    listing.step('Asks again with the new token', recorder.take(), 'nobody asks the person anything')
  })
}
