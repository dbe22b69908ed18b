import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import * as v from 'valibot'
import { paths } from '../../lib/oauth/capabilities.ts'
import { createBlobsStore } from '../../lib/store/blobs.ts'
import { personSignsIn } from '../browser/person.ts'
import { type Citation, excerpt, readCitations } from './answer.ts'
import { type ClientMemory, createClientMemory } from './client.ts'
import { isBackground, type Listing } from './listing.ts'
import type { Place } from './place.ts'
import { createRecorder, type Exchange, type Recorder, type StoreOperation } from './recorder.ts'

const organization = 'Analytical Engines'
const question = 'How does a refresh token stay usable when the answer to a refresh was lost?'

/** Milliseconds for what happens after an answer has gone out. */
const backgroundPatience = 10_000

/** A step did not happen, or not as it has to. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.step = step
  }
}

const called = v.array(v.object({ query: v.unknown(), user: v.optional(v.unknown()) }))
const delivered = v.array(
  v.object({ body: v.looseObject({ email: v.optional(v.unknown()), sub: v.optional(v.unknown()) }) }),
)

/**
 * One person, one client, from "who are you?" to an answer and on through a refresh. Every step is checked before it is
 * listed.
 *
 * @throws StepFailed at the first step that does not do what it has to
 */
export async function tellStory(place: Place, listing: Listing): Promise<void> {
  const email = `ada.${randomUUID().slice(0, 8)}@analytical-engines.example`
  const recorder = await createRecorder(place)
  const memory = createClientMemory()
  const client = new Client({ name: 'demo', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  try {
    listing.title('Signing in')
    await discover(place, recorder, memory, client, listing)
    const background = await signIn(place, recorder, memory, email, listing)
    listing.title('Asking')
    await ask(place, recorder, memory, client, listing)
    await refresh(place, recorder, memory, client, listing)
    listing.title('Who was recorded')
    await showRecorded(place, recorder, subjectOf(memory), email, background, listing)
  } finally {
    await client.close()
  }
}

/** Runs a step; whatever fails in it carries its name. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new StepFailed(name, error)
  }
}

function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
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
  await step('Connecting without a token', async () => {
    const refused = await client.connect(transportFor(place, recorder, memory)).catch((error: unknown) => error)
    if (!(refused instanceof UnauthorizedError)) throw refused ?? new Error('the server let an anonymous client in')
  })
  const exchanges = recorder.take()
  await step('Connecting without a token', async () => {
    const [first] = exchanges.filter(at(paths.mcp))
    check(first?.status === 401, `/mcp answered ${first?.status}, not 401`)
    const challenge = first.response.headers.get('www-authenticate') ?? ''
    check(challenge.includes(paths.protectedResourceMetadataOfMcp), 'the challenge does not name the resource metadata')
    listing.step('Connects without a token', [first], '401, and where to read on')
  })
  await step('Discovery', async () => {
    const documents = exchanges.filter(at(paths.protectedResourceMetadataOfMcp, paths.authorizationServerMetadata))
    check(documents.length === 2, `${documents.length} metadata documents were read, not 2`)
    listing.step('Discovers the authorization server', documents, 'resource and server metadata')
  })
  await step('Registration', async () => {
    const registering = exchanges.filter(at(paths.register))
    const id = memory.registration()?.client_id
    check(registering.length === 1 && id !== undefined, 'the client did not register')
    listing.step('Registers itself', registering, `a client_id of ${id.length} characters that says everything`)
  })
}

/** @returns what the store has been asked in the background so far */
async function signIn(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  email: string,
  listing: Listing,
): Promise<readonly StoreOperation[]> {
  const answer = await step('Signing in', async () => {
    const authorizationUrl = memory.authorizationUrl()
    check(authorizationUrl !== undefined, 'the client did not send the person anywhere')
    return personSignsIn({ authorizationUrl, email, organization, browser: recorder.browser })
  })
  const visited = recorder.take()
  await step('Authorization response', async () => {
    check(answer.href.startsWith(String(memory.redirectUrl)), 'the person was not sent back to the client')
    check(answer.searchParams.get('state') === memory.sentState, 'the state is not the one that the client sent')
    check(answer.searchParams.get('iss') === place.url, 'the response does not name its issuer')
    const own = new URL(place.url).host
    listing.step('Consent page', visited.filter(at(paths.authorize)), 'who asks, what is shared, one button')
    listing.step('Continue', visited.filter(at(paths.approve)), 'a cookie for this one sign-in, and off')
    listing.step(
      'OpenID Provider',
      visited.filter(({ url }) => url.host !== own),
      `signs in as ${email}`,
    )
    listing.step('Back with an identity', visited.filter(at(paths.callback)), 'and on to the client with a code')
  })
  return step('Code exchange', async () => {
    await transportFor(place, recorder, memory).finishAuth(answer.searchParams)
    const exchanges = recorder.take()
    const { access_token: accessToken, refresh_token: refreshToken, issuer } = memory.currentTokens() ?? {}
    check(accessToken !== undefined && refreshToken !== undefined, 'there is no pair of tokens')
    check(issuer === place.url, 'the tokens are not those of this issuer')
    check(decodeJwt(accessToken).email === email, 'the token names another person')
    const exchange = exchanges.filter(at(paths.token))
    listing.step('Code for tokens', exchange, 'the code is spent, the grant exists')
    return exchanges.flatMap(({ operations }) => operations).filter(isBackground)
  })
}

function subjectOf(memory: ClientMemory): string {
  return decodeJwt(memory.currentTokens()?.access_token ?? '').sub ?? ''
}

async function ask(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  client: Client,
  listing: Listing,
): Promise<void> {
  const tool = await step('Connecting with the token', async () => {
    await client.connect(transportFor(place, recorder, memory))
    const { tools } = await client.listTools()
    const [tool] = tools
    check(tool !== undefined, 'the server offers no tool')
    const detail = `MCP ${client.getNegotiatedProtocolVersion()}, tool ${tool.name}`
    listing.step('Connects with the token', recorder.take(), detail)
    return tool
  })
  const [first, ...others] = await step('Asking', async () => {
    const { content, isError } = await client.callTool({ name: tool.name, arguments: { question } })
    check(isError !== true, `the tool answered ${JSON.stringify(content)}`)
    const citations = await readCitations(content)
    const sources = new Set(citations.map(({ document }) => document))
    listing.step('Asks a question', recorder.take(), `answered from ${[...sources].join(', ')}`)
    return citations
  })
  printAnswer(first, others, listing)
}

function printAnswer(first: Citation, others: readonly Citation[], listing: Listing): void {
  listing.text(`\n“${question}”\n`)
  listing.text(`${first.heading}\n\n${excerpt(first.text, 500)}\n`)
  listing.text(`Source: ${first.sourceUrl}`)
  for (const { sourceUrl } of others.slice(0, 2)) listing.text(`   also: ${sourceUrl}`)
  listing.text('')
}

async function refresh(
  place: Place,
  recorder: Recorder,
  memory: ClientMemory,
  client: Client,
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
    await client.ping()
    listing.step('Uses the new token', recorder.take(), 'nobody asks the person anything')
  })
}

async function showRecorded(
  place: Place,
  recorder: Recorder,
  sub: string,
  email: string,
  before: readonly StoreOperation[],
  listing: Listing,
): Promise<void> {
  const background = [...before]
  const connections = () => background.filter(({ key, method }) => key.startsWith('connections/') && method === 'PUT')
  await step('Recording in the background', async () => {
    const deadline = performance.now() + backgroundPatience
    while (connections().length === 0) {
      check(performance.now() < deadline, 'no connection was recorded')
      background.push(...(await recorder.takeOperations()).filter(isBackground))
      await delay(20)
    }
    listing.fact('Recorded, while nobody waited', 'a user and a connection', background.length)
  })
  await step('The record of the user', async () => {
    const [write] = connections()
    check(write !== undefined, 'no connection was recorded')
    const store = createBlobsStore({ name: write.store, client: place.blobs })
    const signal = AbortSignal.timeout(backgroundPatience)
    const [user, connection] = await Promise.all([store.get(`users/${sub}`, signal), store.get(write.key, signal)])
    check(user?.value.email === email, 'the user who is recorded is not the one who signed in')
    check(write.key.startsWith(`connections/${sub}/`) && connection !== null, 'the connection is not that person’s')
    listing.fact('User', JSON.stringify({ email, organization: user.value.organization }))
    listing.fact('Connection', JSON.stringify(connection.value.client))
  })
  await step('The CRM', async () => {
    const deliveries = v.parse(delivered, await getJson(`${place.crmUrl}__mock/received`))
    const [post] = deliveries.filter(({ body }) => body.email === email)
    check(post?.body.sub === sub, 'the CRM was not told')
    listing.fact('CRM', JSON.stringify(post.body))
  })
  await step('What Kapa received', async () => {
    const calls = v.parse(called, await getJson(`${place.kapaUrl}__mock/calls`))
    const call = calls.findLast(({ query }) => query === question)
    const expected = { email, company_name: organization }
    check(isDeepStrictEqual(call?.user, expected), `_meta.user was ${JSON.stringify(call?.user)}`)
    listing.fact('Kapa, as _meta.user', JSON.stringify(expected))
  })
}

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(backgroundPatience) })
  return response.json()
}
