import { type Tool, UnauthorizedError } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import * as v from 'valibot'
import { mcpPaths } from '../../lib/settings/docs-resource.ts'
import { at, type Scene } from './scene.ts'
import { stepUp } from './sign-in.ts'
import { check, step } from './step.ts'

/** What the demo looks up, and the feedback that it sends. */
export const lookup = { query: 'decommission a broker', type: 'operation' }
export const feedback = 'How long does an access token work after a person has signed out? Put it first on the page.'

const page = v.object({ url: v.pipe(v.string(), v.url()), title: v.string() })
const found = v.object({ data: v.tupleWithRest([page], page), total: v.number() })
const read = v.object({ data: v.tuple([v.object({ url: v.string(), content: v.string() })]) })
const submitted = v.object({ status: v.literal('submitted') })
const self = v.object({
  email: v.string(),
  organization: v.object({ name: v.string() }),
  scopes: v.array(v.string()),
  connection: v.object({ client_name: v.string() }),
  other_connections: v.number(),
})

/** Finds the tool that requires this argument. The names of tools are settings. */
export function toolThatTakes(argument: string, tools: readonly Tool[]): string {
  const tool = tools.find(({ inputSchema }) => inputSchema.required?.includes(argument))
  check(tool !== undefined, `no tool takes ${argument}`)
  return tool.name
}

/** Looks something up in the API reference, as a model does: it searches, then reads the best page. */
export async function lookUp(scene: Scene, tools: readonly Tool[]): Promise<void> {
  const { recorder, listing } = scene
  const [best] = await step('Searching the API reference', async () => {
    const { data, total } = await use(scene, toolThatTakes('query', tools), lookup, found)
    listing.step('Searches the API reference', recorder.take(), `“${lookup.query}”: ${total} found, ${data[0].title}`)
    return data
  })
  await step('Reading a page of the API reference', async () => {
    const { data } = await use(scene, toolThatTakes('urls', tools), { urls: [best.url] }, read)
    const published = await (await fetch(best.url, { signal: AbortSignal.timeout(5000) })).text()
    check(data[0].content === published, `the tool returned another text than ${best.url}`)
    listing.step('Reads the best page', recorder.take(), `${published.length} characters, exactly as published`)
  })
}

/**
 * Sends feedback, which requires a scope of its own. If the user was not asked for it at the sign-in
 * (`MCP_ASK_ALL_SCOPES=false`), the client asks now.
 */
export async function sendFeedback(scene: Scene, tools: readonly Tool[]): Promise<void> {
  const { recorder, client, listing, person } = scene
  const name = toolThatTakes('feedback', tools)
  const args = { feedback, category: 'documentation_gap' }
  const send = async () => {
    await use(scene, name, args, submitted)
    listing.step('Sends feedback', recorder.take(), `under ${person.email}`)
  }
  const scope = await step('Sending feedback', async () => {
    if (hasScope(scene, 'docs:feedback')) {
      await send()
      return undefined
    }
    const error = await client.callTool({ name, arguments: args }).then(
      () => new Error('the call was not refused'),
      (error: unknown) => error,
    )
    if (!(error instanceof UnauthorizedError)) throw error
    const [refused] = recorder.take().filter(at(mcpPaths.mcp))
    check(refused?.status === 403, `/mcp answered ${refused?.status}, not 403`)
    const challenge = refused.response.headers.get('www-authenticate') ?? ''
    const [, scope] = /error="insufficient_scope".* scope="([^"]*)"/.exec(challenge) ?? []
    check(scope !== undefined, 'the challenge does not name the required scopes')
    listing.step('Sends feedback, unallowed', [refused], `403 insufficient_scope: requires ${scope}`)
    return scope
  })
  if (scope === undefined) return
  await stepUp(scene, scope)
  await step('Sending feedback', send)
}

/** Whether the client's access token has this scope. */
function hasScope({ memory }: Scene, wanted: string): boolean {
  const { scope } = decodeJwt(memory.currentTokens()?.access_token ?? '')
  return String(scope).split(' ').includes(wanted)
}

/** Asks which user is signed in, and what the user has allowed. */
export async function askWhoIAm(scene: Scene): Promise<void> {
  const { recorder, memory, person, listing } = scene
  await step('Asking who is signed in', async () => {
    const { email, organization, scopes, connection, other_connections: others } = await use(scene, 'whoami', {}, self)
    check(
      email === person.email && organization.name === person.organization,
      `whoami says ${email} of ${organization.name}`,
    )
    check(connection.client_name === memory.clientMetadata.client_name, 'whoami does not name this connection')
    const detail = `${organization.name}, allowed ${scopes.join(' ')}; other connections: ${others}`
    listing.step('Asks who is signed in', recorder.take(), detail)
  })
}

/** Calls a tool. The client checks the data against the schema that the tool declares, and the demo against what it needs. */
async function use<Schema extends v.GenericSchema>(
  { client }: Scene,
  name: string,
  args: Readonly<Record<string, unknown>>,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: args })
  check(isError !== true, `${name} answered ${JSON.stringify(content)}`)
  return v.parse(schema, structuredContent)
}
