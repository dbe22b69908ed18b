import { randomUUID } from 'node:crypto'
import { auth, Client, type Tool } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import { paths } from '../../lib/oauth/capabilities.ts'
import { type Citation, excerpt, readCitations } from './answer.ts'
import { createClientMemory } from './client.ts'
import type { Listing } from './listing.ts'
import type { Place } from './place.ts'
import { showRecorded } from './recorded.ts'
import { createRecorder } from './recorder.ts'
import { at, type Scene, transportFor } from './scene.ts'
import { discover, signIn } from './sign-in.ts'
import { check, step } from './step.ts'
import { askWhoIAm, lookUp, sendFeedback, toolThatTakes } from './tools.ts'

const question = 'How does a refresh token stay usable when the answer to a refresh was lost?'

/**
 * Takes one user and one client from the first request through the sign-in and all tools to a refresh. Every step is checked
 * before it is listed.
 *
 * @param patience milliseconds to wait for work that happens after an answer
 * @throws StepFailed at the first step that fails
 */
export async function tellStory(place: Place, listing: Listing, patience = 10_000): Promise<void> {
  const email = `ada.${randomUUID().slice(0, 8)}@analytical-engines.example`
  const scene: Scene = {
    place,
    recorder: await createRecorder(place),
    client: new Client({ name: 'demo', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } }),
    memory: createClientMemory(),
    person: { email, organization: 'Analytical Engines' },
    listing,
  }
  try {
    listing.title('Signing in')
    await discover(scene)
    await signIn(scene)
    listing.title('Asking')
    const tools = await connect(scene)
    const asks = toolThatTakes('question', tools)
    await ask(scene, asks)
    await lookUp(scene, tools)
    await sendFeedback(scene, tools)
    await askWhoIAm(scene)
    await refresh(scene, asks)
    listing.title('What was recorded and passed on', false)
    await showRecorded(scene, { sub: subjectOf(scene), question }, patience)
  } finally {
    await scene.client.close()
  }
}

function subjectOf({ memory }: Scene): string {
  return decodeJwt(memory.currentTokens()?.access_token ?? '').sub ?? ''
}

async function connect(scene: Scene): Promise<readonly Tool[]> {
  const { client, recorder, listing } = scene
  return step('Connecting with the token', async () => {
    await client.connect(transportFor(scene))
    const { tools } = await client.listTools()
    check(tools.length > 0, 'the server offers no tool')
    listing.step(
      'Connects, and lists the tools',
      recorder.take(),
      `${tools.length}, by MCP ${client.getNegotiatedProtocolVersion()}`,
    )
    return tools
  })
}

async function ask({ client, recorder, listing }: Scene, tool: string): Promise<void> {
  const [first, ...others] = await step('Asking', async () => {
    const { content, isError } = await client.callTool({ name: tool, arguments: { question } })
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
  listing.text(`${excerpt(first.text, 300)}\n`)
  listing.line(`Source: ${first.sourceUrl}`)
  for (const { sourceUrl } of others.slice(0, 1)) listing.line(`  also: ${sourceUrl}`)
  listing.text('')
}

async function refresh({ place, recorder, memory, client, listing }: Scene, tool: string): Promise<void> {
  await step('Refresh', async () => {
    const before = memory.currentTokens()
    const result = await auth(memory, { serverUrl: place.mcpUrl, fetchFn: recorder.fetch })
    const after = memory.currentTokens()
    check(result === 'AUTHORIZED', 'the client has to ask the user to sign in again')
    check(after?.refresh_token !== undefined, 'the client got no new refresh token')
    check(after.refresh_token !== before?.refresh_token, 'the refresh token is the old one')
    check(after.access_token !== before?.access_token, 'the access token is the old one')
    listing.step('Refreshes', recorder.take().filter(at(paths.token)), 'a new pair; the old refresh token is spent')
    const { isError } = await client.callTool({ name: tool, arguments: { question } })
    check(isError !== true, 'the new token did not work for a question')
    listing.step('Asks again with the new token', recorder.take(), 'the user is not asked anything')
  })
}
